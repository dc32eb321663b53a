"""The table of pose models is complete and leads to files that it knows."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from rehabctl.reference.pose_models import MODEL_NAMES, Registry, load_pose_models

TABLE = load_pose_models()


def test_every_hash_is_a_sha256_and_occurs_once() -> None:
    hashes = [model.sha256 for model in TABLE.models]
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in hashes)
    assert max(Counter(hashes).values()) == 1
    assert all(TABLE.by_sha256(model.sha256) is model for model in TABLE.models)
    assert TABLE.by_sha256("0" * 64) is None


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_each_name_has_files_recipes_and_an_address(name: str) -> None:
    assert {"official", "built"} <= {model.origin for model in TABLE.named(name)}
    assert TABLE.recipes_for(name)
    assert TABLE.official[name].startswith("https://")
    for recipe in TABLE.recipes_for(name):
        assert len(recipe.members) in (1, 2)
        if len(recipe.members) == 1:
            known = TABLE.by_sha256(recipe.members[0].sha256)
            assert known is not None
            assert (known.name, known.size_bytes) == (name, recipe.members[0].size_bytes)


def test_members_fit_into_their_packages_and_models() -> None:
    for recipe in TABLE.recipes:
        for member in recipe.members:
            assert member.size_bytes > 0
            assert member.archive.file.endswith((".whl", ".tgz"))
            assert (member.archive.registry is Registry.NPM) == member.archive.file.endswith("tgz")
        if len(recipe.members) == 2:
            (built,) = (m for m in TABLE.named(recipe.model) if m.origin == "built")
            networks = sum(member.size_bytes for member in recipe.members)
            assert abs(built.size_bytes - networks) < 6000


def test_no_version_that_reports_usage_is_allowed() -> None:
    assert "0.10.31" in TABLE.mediapipe_allowed
    for version in TABLE.mediapipe_allowed:
        assert (0, 10, 30) <= tuple(int(part) for part in version.split(".")) <= (0, 10, 33)
