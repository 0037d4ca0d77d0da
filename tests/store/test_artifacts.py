"""Artifacts and checkpoints on disk: there whole or not at all, and what is damaged is named, never gone on from."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.errors import StoreError
from bench.store.artifacts import Weights


def test_artifacts_are_safetensors_that_are_there_whole_or_not_at_all(tmp_path: Path) -> None:
    kept = Weights(tmp_path)
    tensors = {"a": torch.arange(4.0), "b": torch.zeros(0, dtype=torch.uint8)}
    path = kept.save("id", tensors)
    assert {name: value.tolist() for name, value in load_file(path).items()} == {"a": [0, 1, 2, 3], "b": []}
    kept.save("id", {"a": torch.ones(1)})
    assert kept.load("id")["a"].tolist() == [1] and not path.exists()
    with pytest.raises(StoreError, match="missing or damaged"):
        kept.load("other")


def test_a_damaged_checkpoint_is_set_aside_and_the_training_starts_anew(tmp_path: Path) -> None:
    kept = Weights(tmp_path)
    checkpoint = kept.checkpoint("id", "0" * 64)
    assert checkpoint.load() is None
    checkpoint.save({"a": torch.ones(1)})
    checkpoint.path.write_bytes(b"nonsense")
    assert checkpoint.load() is None
    assert kept.set_aside == [checkpoint.path]
    assert (tmp_path / "aside" / f"id-{checkpoint.path.name}").read_bytes() == b"nonsense"


def test_a_training_does_not_go_on_from_what_other_code_left(tmp_path: Path) -> None:
    kept = Weights(tmp_path)
    kept.checkpoint("id", "1" * 64).save({"a": torch.ones(1)})
    assert kept.checkpoint("id", "1" * 64).load() is not None
    assert kept.checkpoint("id", "2" * 64).load() is None
    assert kept.checkpoint("id", "1" * 64).load() is None, "it is gone for good: nobody may return to half of it"


def test_a_flipped_bit_in_a_checkpoint_is_noticed_wherever_it_lies(tmp_path: Path) -> None:
    kept = Weights(tmp_path)
    checkpoint = kept.checkpoint("id", "0" * 64)
    state = {"weights.a": torch.arange(6.0).reshape(2, 3), "progress.done": torch.tensor([1, 5])}
    checkpoint.save(state)
    whole = checkpoint.path.read_bytes()
    for place in range(0, len(whole), 3):
        checkpoint.path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert checkpoint.load() is None and not checkpoint.path.exists(), f"byte {place}"
    checkpoint.path.write_bytes(whole)
    found = checkpoint.load()
    assert found is not None and all((found[name] == value).all() for name, value in state.items())


def test_a_checkpoint_of_another_training_is_not_gone_on_from(tmp_path: Path) -> None:
    kept = Weights(tmp_path)
    other, mine = kept.checkpoint("other", "0" * 64), kept.checkpoint("mine", "0" * 64)
    for checkpoint in (other, mine):
        checkpoint.save({"a": torch.ones(1)})
    mine.path.write_bytes(other.path.read_bytes())
    assert mine.load() is None and not mine.loaded
    assert other.load() is not None and kept.set_aside == [mine.path]


def test_a_checkpoint_without_a_digest_is_not_gone_on_from(tmp_path: Path) -> None:
    checkpoint = Weights(tmp_path).checkpoint("id", "0" * 64)
    checkpoint.path.parent.mkdir(parents=True)
    save_file({"a": torch.ones(1)}, checkpoint.path)
    assert checkpoint.load() is None and not checkpoint.loaded


def test_another_records_artifact_of_the_same_shapes_is_set_aside(tmp_path: Path) -> None:
    kept = Weights(tmp_path)
    theirs = kept.save("theirs", {"a": torch.ones(3)})
    ours = kept.save("ours", {"a": torch.zeros(3)})
    ours.unlink()
    put = ours.with_name(theirs.name)
    put.write_bytes(theirs.read_bytes())
    assert kept.find("theirs") == theirs
    assert kept.find("ours") is None and kept.set_aside == [put] and not put.exists()
    named = kept.save("ours", {"a": torch.ones(3)}, "classifier")
    named.rename(named.with_name(named.name.replace("classifier", "artifact")))
    assert kept.find("ours") is None, "nor one of another name"
    bare = tmp_path / "stages" / "ours" / "bare"
    save_file({"a": torch.ones(3)}, bare)
    bare.rename(bare.with_name(f"artifact-{sha256(bare.read_bytes()).hexdigest()[:16]}.safetensors"))
    assert kept.find("ours") is None, "nor one that does not say whose it is"


def test_an_artifact_is_not_taken_for_one_whose_name_begins_alike(tmp_path: Path) -> None:
    kept = Weights(tmp_path)
    longer = kept.save("id", {"a": torch.ones(1)}, "gen-2")
    assert kept.find("id", "gen") is None and kept.set_aside == []
    kept.save("id", {"a": torch.zeros(1)}, "gen")
    assert kept.find("id", "gen-2") == longer and kept.load("id", "gen")["a"].tolist() == [0]
