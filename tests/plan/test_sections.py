"""What bench.toml says of one's own images: a wrong word is one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import bench_toml

from bench import registry
from bench.errors import ConfigError
from bench.plan.config import load_config
from bench.plan.grid import dataset_named


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('folder = "x"\nparts = "balance"', r"datasets\.mine\.parts: Input should be 'natural' or 'balanced'"),
        ('folder = "x"\nval = 0.6\ntest = 0.5', r"val = 0\.6 and test = 0\.5 leave nothing to train on"),
        ('folder = "x"\nval = 15', r"datasets\.mine\.val: Input should be less than 1"),
        ('labels = "a.csv"\nlists = { a = "a.txt", b = "b.txt" }', "labels and lists are two ways to say the same"),
        ('folder = "x"\ncolumns = { class = "dx" }', "columns is about labels, which is not given"),
        ('labels = "a.csv"\ncolumns = { klass = "dx" }', r"datasets\.mine\.columns\.klass.*'file', 'class' or 'part'"),
        ('labels = "a.csv"\ndelimiter = "::"', r"datasets\.mine\.delimiter: String should have at most 1 character"),
        ('lists = { a = "a.txt" }', "lists needs at least two classes"),
        ('folder = "x"\nseed = -1', r"datasets\.mine\.seed: Input should be greater than or equal to 0"),
        (f'folder = "x"\nseed = {2**63}', r"datasets\.mine\.seed: Input should be less than"),
        ('folder = "x"\nsplit = ""', r"datasets\.mine\.split: an empty path; leave split out"),
        ('folder = "x"\nsplit = "."', r"datasets\.mine\.split: '\.' is a folder; name the file"),
        ('folder = "x"\nsplit = "a/.."', r"datasets\.mine\.split: 'a/\.\.' is a folder"),
        ('folder = "x"\nsplit = "/tmp"', r"datasets\.mine\.split: '/tmp' is a folder"),
        (
            'folder = "x"\nsplit = "a.sha256"',
            r"datasets\.mine\.split: 'a\.sha256' ends in \.sha256, as the digests beside",
        ),
        (
            'folder = "x"\nsplit = "a.txt"\n[datasets.other]\nfolder = "y"\nsplit = "a.json"',
            r"datasets: mine and other: their splits a\.txt and a\.json would share \.sha256",
        ),
        ('labels = ""', r"datasets\.mine\.labels: an empty path; leave labels out"),
        ('folder = " "', r"datasets\.mine\.folder: an empty path"),
        ('lists = { a = "a.txt", b = "" }', r"datasets\.mine\.lists: an empty path"),
        ('folder = "x"\nnear_duplicates = false', r"datasets\.mine: near_duplicates = false: say 'on' or 'off'"),
        ('folder = "x"\ndamaged = true', r"datasets\.mine: damaged = true: say 'refuse' or 'skip'"),
        ('folder = "x"\ngroups = "patient"', "unknown key 'groups': did you mean 'group'"),
    ],
)
def test_a_wrong_setting_is_one_line(lines: str, complaint: str, tmp_path: Path) -> None:
    toml = bench_toml(tmp_path, f"[datasets.mine]\n{lines}\n")
    with pytest.raises(ConfigError, match=complaint) as error:
        load_config(toml)
    assert "\n" not in str(error.value)


def test_images_are_where_the_section_says_or_beside_its_table(tmp_path: Path) -> None:
    registry.load()
    config = load_config(bench_toml(tmp_path, '[datasets.mine]\nlabels = "a/labels.csv"\n[datasets.odd]\nseed = 1\n'))
    assert dataset_named("mine", config).root == Path("a")
    with pytest.raises(ConfigError, match=r"datasets\.odd: where are its images"):
        dataset_named("odd", config)


def test_the_home_folder_may_be_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    lines = 'folder = "~/x"\nsplit = "~/kept.json"\nlists = { a = "~/a.txt", b = "b.txt" }'
    section = load_config(bench_toml(tmp_path, f"[datasets.mine]\n{lines}\n")).datasets["mine"]
    assert section.folder == Path("/home/ada/x") and section.split == Path("/home/ada/kept.json")
    assert section.lists == {"a": Path("/home/ada/a.txt"), "b": Path("b.txt")}
