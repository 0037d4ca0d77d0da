"""Commands about a model of one's own: fit, predict, threshold, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.options import (
    DEFAULT_FILE,
    ConfigFile,
    Profile,
    Results,
    load_plugins,
    naming_aside,
    picture_file,
    say,
    say_damaged,
    say_text,
    settings_of,
    show,
    target,
)
from bench.errors import UserError
from bench.plan.bounds import MOST_SEEDS

app = typer.Typer()
ModelFolder = Annotated[Path, typer.Argument(help="A model's folder, as `imbench fit` writes it.")]


@app.command()
def fit(
    dataset: Annotated[
        str, typer.Argument(help="A dataset, shipped or of bench.toml; or a folder of images, or a csv of labels.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder to write the model to; default: DATASET-model.")
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="How to train: OS, CS, 'LDAM+DRW' ...; default: what the runs recommend.")
    ] = "",
    at: Annotated[str, typer.Option("--at", help="How to cut the training part; natural: all of it.")] = "natural",
    seed: Annotated[
        int, typer.Option(min=0, max=MOST_SEEDS - 1, help="Of initialisation, order and augmentation.")
    ] = 0,
    all_data: Annotated[
        bool,
        typer.Option(
            "--all-data", help="Then train once more, on training and validation images, as long as was best."
        ),
    ] = False,
    profile: Profile = None,
    results: Results = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Train one classifier, judge it on the test images, and write it as a folder: weights, facts, a card to read.

    A fit of today's code that is stored with its weights is not trained again.
    """
    from bench.cli.fitting import chosen, free_for_a_model, place_for, refuse_other_images, say_what_goes, settings_for
    from bench.data.census import census
    from bench.data.drift import drift
    from bench.data.splits import keep_split
    from bench.model.making import make_model, make_refitted
    from bench.model.refit import refit
    from bench.model.saved import CARD
    from bench.plan.compose import compose
    from bench.plan.grid import build_grid, dataset_named
    from bench.plan.state import standing
    from bench.running.planning import left_undone, make_plan
    from bench.running.run import run
    from bench.store.artifacts import Weights
    from bench.store.store import Store

    settings, dataset = settings_for(dataset, config, profile=profile, results=results)
    named = bool(method)
    method, choice = chosen(settings, dataset, at, method)
    if choice or not named:
        say(f"{dataset}: {method} is taken. {choice or 'There are no runs of two methods at this place to choose by.'}")
    place = {"methods": (method,), "minority": (), "at": (at,), "seeds": max(seed + 1, settings.run.seeds)}
    wanted = place | {"translators": 1, "subset_methods": (), "keep_weights": ("*",)}
    settings = settings.model_copy(update={"run": settings.run.model_copy(update=wanted)})
    images = dataset_named(dataset, settings)
    compose(method, settings.composition.allow, settings.profile.arguments(dataset))  # before a split is kept
    if out:
        free_for_a_model(out)
    if new := keep_split(images):
        say_text(str(census(images)))
        say(f"{dataset}: the split was drawn and is kept in {new}")
    elif images.of_users:
        for line in drift(images, settings.paths.cache / f"{dataset}-digests.json"):
            say(f"{dataset}: {line}")
    refuse_other_images(images, settings.paths.cache)
    out = out or place_for(dataset, images, settings.paths.results)
    grid, store = build_grid(settings), Store(settings.paths.results)
    cell = next(cell for cell in grid.cells if cell.seed == seed)
    if cell.not_applicable:
        raise UserError(f"{method} does not apply to {dataset} at {at}: {cell.not_applicable}")
    needed = {cell.fit, *cell.stages}
    only = type(grid)((cell,), tuple(job for job in grid.jobs if job.id in needed))
    plan = make_plan(settings, store, redo_stale=True, grid=only, for_weights=True)
    say_damaged(plan.damaged)
    with naming_aside(store):
        if plan.todo:
            run(settings, plan, store)
    record, job = store.get(cell.fit), next(job for job in grid.jobs if job.id == cell.fit)
    if record is None or record.status != "done":
        raise UserError(f"{job.label} failed: {record.error if record else 'there is no record'}")
    if any(undone.id == job.id for undone, _ in left_undone(plan, store)):  # a success stays when its redoing fails
        raise UserError(f"{job.label} failed, and what is stored of it was made by code that has changed since")
    weights = Weights(store.root)
    say_what_goes(out, job, store, all_data=all_data)
    if all_data:
        current = standing(grid, store.summaries()).states
        stored = [store.get(it.fit) for it in grid.cells if it.seed != seed and current.get(it.fit) == "done"]
        others = [it for it in stored if it is not None and it.status == "done"]
        again = refit(settings, images, job, [record, *others], weights)
        facts = make_refitted(job, record, again, images, out, others, choice)
        say(f"trained on training and validation images together, {again.epoch} epochs (see {out / CARD})")
    else:
        facts = make_model(job, record, weights, images, out, choice)
    say(f"{out}: {method} on {dataset}, balanced accuracy {facts.figures['balanced accuracy']:.4f} on the test images")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A model's folder, or an ONNX file that `imbench export` wrote.")],
    images: Annotated[list[Path], typer.Argument(help="Image files, and folders of them.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.", callback=target)] = Path("predictions.csv"),
    copy_by_class: Annotated[
        Path | None, typer.Option("--copy-by-class", help="Copy each image into a subfolder of its class here.")
    ] = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Let a model decide about new images. Exit status 1 if some could not be read; they are named in the file."""
    from bench.cli.writing import class_folders, copied, refuse_model, write_rows
    from bench.data.decoding import SUFFIXES
    from bench.model.exported import SUFFIX, load_exported
    from bench.model.predict import Decider, image_files, predictions
    from bench.model.saved import load_model
    from bench.running.progress import counting
    from bench.training.device import Device

    load_plugins(config)
    exported = model.suffix.lower() == SUFFIX and not model.is_dir()
    if model.is_file() and not exported:
        raise UserError(f"{model}: a file; predict takes a model's folder, or an ONNX file called *{SUFFIX}")
    loaded: Decider = load_exported(model) if exported else load_model(model, Device.best())
    folders = class_folders(loaded.classes, copy_by_class) if copy_by_class else {}
    files, left_out = image_files(images, besides=folders.values())
    if out.suffix.lower() in SUFFIXES or out.resolve() in {it.resolve() for it in files}:
        raise UserError(f"{out}: a picture's name; the table goes elsewhere, such as predictions.csv")
    refuse_model(out, model, "the table", such_as="predictions.csv")
    if left_out:
        say(f"left out: {left_out}")
    with counting("predicting") as progress:
        said = list(predictions(loaded, files, progress))
    header = ["file", "decision", *(f"p_{name}" for name in loaded.classes), "error"]
    lacking = [""] * len(loaded.classes)
    write_rows(out, header, [[it.path, it.decision, *(it.probabilities or lacking), it.error] for it in said])
    unread = [it for it in said if it.error]
    if copy_by_class:
        if copy_by_class.is_dir() and any(copy_by_class.iterdir()):
            say(f"{copy_by_class}: holds files already; what was sorted there before stays where it is")
        copied([(it.path, folders[it.decision]) for it in said if it.decision])
    for it in unread:
        say(f"cannot be read: {it.error}")
    say(f"{out}: {len(said) - len(unread)} of {len(said)} images decided")
    if unread:
        raise typer.Exit(1)


@app.command()
def threshold(
    model: Annotated[str, typer.Argument(help="A model's folder, or a cell: DATASET/PLACE/METHOD/SEED.")],
    recall: Annotated[
        str, typer.Option("--recall", help="CLASS=SHARE: find so many of a class, e.g. Cracking=0.95")
    ] = "",
    prior: Annotated[
        str, typer.Option("--prior", help="CLASS=SHARE,...: how common classes are in use; fewest errors if calibrated")
    ] = "",
    cost: Annotated[
        str, typer.Option("--cost", help="TRUE:TAKEN=COST,...: what mistakes cost; what is not named costs 1")
    ] = "",
    write: Annotated[bool, typer.Option("--write", help="Keep the decision in the model's folder.")] = False,
    chart: Annotated[
        Path | None,
        typer.Option(
            "--chart", help="Write a picture of the trade, PNG: one class's recall, the others'.", callback=picture_file
        ),
    ] = None,
    profile: Profile = None,
    results: Results = None,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Move a model's decision, chosen on the validation images, and show each class's recall on the test images."""
    from dataclasses import asdict

    from bench.cli.fitting import facts_at
    from bench.model.deciding import moved, paid_by, reached, wrong_at
    from bench.model.making import keep_decision
    from bench.model.saved import read_facts
    from bench.store.leftovers import write_anew

    load_plugins(config)
    folder = Path(model)
    of_cell = model.count("/") >= 3 and not folder.exists() and not model.startswith(("/", "."))
    if of_cell and write:
        raise UserError(f"{model} is a cell, which keeps no decision; `imbench fit` writes a model that does")
    if sum(map(bool, (recall, prior, cost))) != 1:
        raise UserError("give one of --recall, --prior and --cost")
    told = facts_at(model, settings_of(config, profile=profile, results=results)) if of_cell else read_facts(folder)
    facts, rows = moved(told, recall=recall, prior=prior, cost=cost)
    rounded = ({k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(row).items()} for row in rows)
    on = reached(facts, recall)
    say(f"recall of each class on the test images, before and after, with the ends of its 95 % interval{on}")
    show(rounded, as_json=False)
    for line in paid_by(told, facts, cost) if cost else wrong_at(told, facts, prior, rows) if prior else ():
        say(line)
    if chart:
        from bench.model.trade import picture

        write_anew(chart, picture(told, facts))
        say(f"{chart}: written")
    if write:
        keep_decision(folder, facts)
        say(f"{model}: decides so from now on ({facts.factors_for})")


@app.command()
def export(
    model: ModelFolder,
    out: Annotated[Path, typer.Option("--out", help="The file to write.", callback=target)],
    format: Annotated[
        Literal["onnx", "pt2"], typer.Option("--format", help="onnx, or torch's exported program.")
    ] = "onnx",
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Write a model for other programs: pixels (N, 3, S, S) from 0 to 255 in, probabilities and decision out."""
    from bench.cli.writing import refuse_model
    from bench.model.export import export_model
    from bench.model.saved import FACTS, load_model
    from bench.training.device import Device

    load_plugins(config)
    refuse_model(out, model, "what is exported", such_as=f"model.{format}")
    export_model(load_model(model, Device.best()), out, format)
    use = f"; `imbench predict {out} IMAGES` uses it" if format == "onnx" else ""
    say(f"{out}: written, with the decision as it is now; the classes by number are in {model / FACTS}{use}")
