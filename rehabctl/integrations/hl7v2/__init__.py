"""HL7 version 2 messages (ER7): read tolerantly, written strictly."""
