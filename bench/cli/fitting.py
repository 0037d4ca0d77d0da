"""What `imbench fit` has to find out: which images are meant, and which method to take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.options import say, settings_of
from bench.errors import ConfigError, UserError

if TYPE_CHECKING:
    from bench.analysis.origins import Origin
    from bench.dataset import Dataset
    from bench.model.origin import Choice
    from bench.model.saved import Facts
    from bench.plan.config import Config
    from bench.plan.job import Job
    from bench.store.store import Store

PLAIN = "OS"  # what is taken where there are no records to choose by


def settings_for(dataset: str, config: Path, **overrides: Any) -> tuple[Config, str]:
    """Return the settings and the dataset's name; a folder of images, or a csv of labels, is a dataset by its path.

    Raises
    ------
    UserError
        What looks like a path is none of the two.
    """
    from bench.data.decoding import SUFFIXES
    from bench.plan.sections import DatasetSection
    from bench.registry import DATASETS, shipped_datasets

    settings = settings_of(config, **overrides)
    path = Path(dataset)
    shipped = any(entry.name == dataset for entry in shipped_datasets())
    named = dataset in settings.datasets or shipped
    looks_like_a_path = "/" in dataset or path.suffix.lower() in (".csv", ".tsv", ".txt")
    if not named and looks_like_a_path and not path.exists():
        raise UserError(f"{path}: no such folder of images, nor csv of labels")
    if not named and path.is_file() and path.suffix.lower() in SUFFIXES:
        raise UserError(f"{path}: one picture; give the folder that holds the classes, or a csv of labels")
    if shipped and dataset not in settings.datasets and path.is_dir():
        say(f"{dataset}: the suite's own dataset is meant; ./{dataset} is the folder that is here")
    if named or not path.exists():
        return settings.model_copy(update={"run": settings.run.model_copy(update={"datasets": (dataset,)})}), dataset
    called = path.resolve().name if path.is_dir() else path.resolve().stem
    name = re.sub(r"[/\\\x00-\x1f\x7f\ud800-\udfff]", "_", called).lstrip(".")[:60] or "images"
    if name in settings.datasets or name in DATASETS:
        name += "_folder"
    # Two folders may be called images: each has a split of its own.
    own = sha256(str(path.resolve()).encode("utf8", "surrogateescape")).hexdigest()[:8]
    split = settings.paths.results / "splits" / f"{name}-{own}.json"
    section = DatasetSection(**{"folder" if path.is_dir() else "labels": path}, split=split)
    run = settings.run.model_copy(update={"datasets": (name,)})
    return settings.model_copy(update={"datasets": {**settings.datasets, name: section}, "run": run}), name


def refuse_other_images(images: Dataset, cache_dir: Path) -> None:
    """Refuse images of a user that are not those of the split that was kept, also where nothing is left to train.

    Without the folder a model can still be written of what is stored.

    Raises
    ------
    DataError
        An image is missing, or another one.
    """
    from bench.data.pinned import as_pinned

    if images.of_users and images.root.is_dir():
        as_pinned(images, images.split().names(), cache_dir)


def free_for_a_model(folder: Path) -> None:
    """Refuse to write a model over anything but a model: its files have names that others use, such as README.md.

    Raises
    ------
    UserError
        There is a file, or a folder that holds something else.
    """
    from bench.model.saved import FACTS
    from bench.store.leftovers import is_leftover

    if folder.is_dir():
        if not all(map(is_leftover, folder.iterdir())) and not (folder / FACTS).is_file():
            raise UserError(f"{folder} holds files that are no model; say --out with a folder of its own")
    elif folder.exists() or folder.is_symlink():
        raise UserError(f"{folder}: a file; a model is a folder")


def say_what_goes(folder: Path, job: Job, store: Store, *, all_data: bool) -> None:
    """Say what a model loses that is written anew: a decision that was moved, or all it was if it is of another fit."""
    from bench.model.making import of_all_data
    from bench.model.saved import FACTS, expression_of, read_facts

    if not (folder / FACTS).exists():
        return
    old = read_facts(folder)
    if old.factors_for:
        say(f"{folder}: its decision for {old.factors_for} is dropped; `imbench threshold --write` makes it again")
    if old.records[:1] == (job.id,) and of_all_data(old) == all_data:
        return
    record = store.get(old.records[0]) if old.records else None
    seed = (record.identity if record else {}).get("streams", {}).get("order", job.streams.order)
    unlike = {
        f"of {old.dataset} at {old.place}": (old.dataset, old.place) != (job.task.dataset, job.task.place),
        "of another profile": old.protocol != job.protocol.model_dump(mode="json"),
        f"of seed {seed}": seed != job.streams.order,
        "of a record that is not here": record is None,
        "of training images alone": all_data and not of_all_data(old),
        "of training and validation images": of_all_data(old) and not all_data,
    }
    what = [f"of {expression_of(old)}", *(words for words, it in unlike.items() if it)]
    say(f"{folder}: the model there, {', '.join(what)}, is replaced")


def place_for(dataset: str, images: Dataset, results: Path) -> Path:
    """Return the folder for a model that was given none.

    Raises
    ------
    UserError
        It holds a model of other images.
    """
    from bench.model.saved import FACTS, read_facts
    from bench.store.store import Store

    folder = Path(f"{dataset}-model")
    free_for_a_model(folder)
    if not (folder / FACTS).exists():
        return folder
    facts = read_facts(folder)
    record = Store(results, read_only=True).get(facts.records[0]) if facts.records else None
    edition = images.edition if record is None else record.identity.get("edition")
    if facts.classes != images.classes or edition != images.edition:
        raise UserError(f"{folder} holds a model of other images; say --out to keep both, or remove it")
    return folder


def chosen(settings: Config, dataset: str, at: str, method: str = "") -> tuple[str, Choice | None]:
    """Return the method to take at a place, and what the records say of it, None where they say nothing.

    It is the one that is named, else the one that the records recommend, else the plain one.
    """
    from bench.analysis.metrics import METRICS
    from bench.analysis.recommending import recommendations
    from bench.expression import Expression
    from bench.model.origin import Choice
    from bench.papers import shelf

    try:
        origins = _origins(settings, dataset)
    except ConfigError:  # what bench.toml asks for beside this place cannot be, which is no matter here
        origins = _origins(_at(settings, at), dataset)
    if dataset not in origins or not origins[dataset].records:
        return method or PLAIN, None
    try:
        advice = recommendations(origins[dataset], dataset, shelf.ablated).advice
    except UserError:
        return method or PLAIN, None
    wanted = _counts(settings, dataset, at)
    it = next((it for it in advice if it.place.counts == wanted), None)
    if it is None:
        return method or PLAIN, None
    key = Expression.parse(method).key if method else None
    same = (each for each in it.methods if Expression.parse(each.method).key == key)
    taken = next(same, None) if method else it.choice
    if taken is None:
        return method, None
    belief = taken.beliefs[it.metric]
    title = METRICS[it.metric].title.split(",")[0]
    choice = Choice(
        among=len(it.methods),
        metric=title,
        mean=belief.mean,
        low=belief.low,
        high=belief.high,
        outcome=it.found.outcome,
        instead="" if taken is it.choice else it.choice.method,
    )
    return taken.method, choice


def facts_at(cell: str, settings: Config) -> Facts:
    """Return what a model of a stored cell would be but its weights.

    Raises
    ------
    UserError
        There is no such cell, or no record of it.
    """
    from bench.model.making import facts_of
    from bench.plan.grid import dataset_named
    from bench.plan.why import cell_named
    from bench.store.store import Store

    found, job = cell_named(cell, settings)
    record = Store(settings.paths.results, read_only=True).get(found.fit) if found.fit else None
    if job is None or record is None or record.status != "done":
        raise UserError(f"{cell}: {found.not_applicable or 'no record of it; `imbench run` makes one'}")
    return facts_of(job, record, dataset_named(found.dataset, settings))


def _counts(settings: Config, dataset: str, at: str) -> tuple[int, ...]:
    """Return the training images of each class at a place."""
    from bench.plan.grid import dataset_named
    from bench.plan.places import places

    asked = _at(settings, at)
    return places(dataset_named(dataset, asked), asked)[0].counts


def _at(settings: Config, at: str) -> Config:
    """Return the settings with one place alone."""
    return settings.model_copy(update={"run": settings.run.model_copy(update={"minority": (), "at": (at,)})})


def _origins(settings: Config, dataset: str) -> Mapping[str, Origin]:
    """Return what the user's own records of a dataset are of."""
    from bench.analysis.origins import Wish, origins_of
    from bench.papers import shelf
    from bench.store.store import Store

    store = Store(settings.paths.results, read_only=True)
    return origins_of(settings, [store], Wish((dataset,), is_aside=shelf.ablated))[0]
