"""The DTD which Apple writes at the top of export.xml, version 14, shortened to what is used."""

from __future__ import annotations

_MORE = "creationDate CDATA #IMPLIED startDate CDATA #REQUIRED endDate CDATA #REQUIRED"
_SOURCE = f"sourceName CDATA #REQUIRED sourceVersion CDATA #IMPLIED device CDATA #IMPLIED {_MORE}"
_SUMMARY = (
    "activeEnergyBurned activeEnergyBurnedGoal activeEnergyBurnedUnit appleMoveTime"
    " appleMoveTimeGoal appleExerciseTime appleExerciseTimeGoal appleStandHours appleStandHoursGoal"
)
ME = "DateOfBirth BiologicalSex BloodType FitzpatrickSkinType CardioFitnessMedicationsUse"
DTD = f"""<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 14 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary)*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
<!ELEMENT ExportDate EMPTY>
<!ATTLIST ExportDate value CDATA #REQUIRED>
<!ELEMENT Me EMPTY>
<!ATTLIST Me {" ".join(f"HKCharacteristicTypeIdentifier{x} CDATA #REQUIRED" for x in ME.split())}>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
<!ATTLIST Record type CDATA #REQUIRED unit CDATA #IMPLIED value CDATA #IMPLIED {_SOURCE}>
<!-- Records inside a correlation appear as top-level records as well. -->
<!ELEMENT Correlation ((MetadataEntry|Record)*)>
<!ATTLIST Correlation type CDATA #REQUIRED {_SOURCE}>
<!ELEMENT Workout ((MetadataEntry|WorkoutEvent|WorkoutRoute|WorkoutStatistics)*)>
<!ATTLIST Workout workoutActivityType CDATA #REQUIRED duration CDATA #IMPLIED
  durationUnit CDATA #IMPLIED {_SOURCE}>
<!ELEMENT WorkoutStatistics EMPTY>
<!ATTLIST WorkoutStatistics type CDATA #REQUIRED startDate CDATA #REQUIRED endDate CDATA #REQUIRED
  average CDATA #IMPLIED minimum CDATA #IMPLIED maximum CDATA #IMPLIED sum CDATA #IMPLIED
  unit CDATA #IMPLIED>
<!ELEMENT ActivitySummary EMPTY>
<!ATTLIST ActivitySummary dateComponents CDATA #IMPLIED
  {" ".join(f"{x} CDATA #IMPLIED" for x in _SUMMARY.split())}>
<!ELEMENT MetadataEntry EMPTY>
<!ATTLIST MetadataEntry key CDATA #REQUIRED value CDATA #REQUIRED>
]>
"""
