"""The command that answers the question: recommend."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.options import (
    DEFAULT_FILE,
    ConfigFile,
    Delta,
    Json,
    Profile,
    Results,
    Seeds,
    picture_file,
    say,
    say_aside,
    settings_of,
    stores_of,
    tell,
)
from bench.errors import UserError, one_line

if TYPE_CHECKING:
    from bench.analysis.advice import Advice
    from bench.analysis.origins import Origin
    from bench.analysis.recommending import Advised

app = typer.Typer()
WIDTH = 80


@app.command()
def recommend(
    dataset: Annotated[str | None, typer.Argument(help="A dataset; default: every one that has records.")] = None,
    at: Annotated[str | None, typer.Option("--at", help="A place: 25, 450:25, 'exp 100'; default: all.")] = None,
    metric: Annotated[str, typer.Option("--metric", help="What decides, e.g. acsa; default: F1, or ACSA.")] = "",
    delta: Delta = 0.01,
    seeds: Seeds = None,
    profile: Profile = None,
    results: Results = None,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", help="Write what each choice may lose to this PNG file.", callback=picture_file),
    ] = None,
    as_json: Json = False,
    config: ConfigFile = DEFAULT_FILE,
) -> None:
    """Say which method to take: one, any of several that are equivalent, or that it is not known, and what would help.

    From the posterior of every method's true mean, docs/decisions-under-noise.md. Where nothing was run, from
    results/reference below the folder that this is said in. With a dataset named, the numbers of every method, too.
    """
    from bench.analysis.origins import Wish, origins_of
    from bench.analysis.recommending import recommendations
    from bench.papers import shelf
    from bench.report.cautions import has_seen

    if chart and not dataset:
        raise UserError("a chart is of one dataset: name it, as in `imbench recommend digits --chart FILE.png`")
    settings = settings_of(config, seeds=seeds, profile=profile, results=results)
    stores = stores_of(settings, own=results is not None)
    origins, lost = origins_of(settings, stores, Wish((dataset,) if dataset else (), is_aside=shelf.ablated))
    say_aside(*stores)
    chosen = {name: origin for name, origin in origins.items() if dataset in (None, name)}
    if not any(origin.records for origin in chosen.values()):
        raise UserError(
            "; ".join((f"no record of profile {settings.run.profile} to recommend from", *lost))
            + "; `imbench run` makes some, `imbench merge FOLDER` takes over those of another folder, such as "
            "results/reference of a clone"
        )
    printed: list[dict[str, Any]] = []
    told = 0
    for name, origin in chosen.items():
        try:
            found = recommendations(origin, name, shelf.ablated, metric, delta)
            asked = _asked(found, at)
        except UserError as reason:
            if dataset:
                raise
            say(str(reason))
            continue
        told, seen = told + len(asked), has_seen(settings, name)
        lost += found.alone.values() if at is None else ()
        lost += changed_runs(origin, name, found.records)
        for it in asked:
            printed.append(_as_data(it, found, seen)) if as_json else _show(it, found, whole=dataset is not None)
        if chart:
            _draw(replace(found, advice=tuple(asked)), chart)
        if asked and not as_json:
            _explain(asked[-1], found, seen, whole=dataset is not None)
    if at is not None and not told:
        raise UserError(f"no dataset has a run at {at!r}")
    if as_json:
        print(json.dumps(printed, indent=1))
    for line in lost:
        say(line)


def changed_runs(
    origin: Origin, name: str, rests_on: Sequence[str], again: str = "imbench run --redo-stale"
) -> list[str]:
    """Say how many runs of those that an answer rests on were made by code that has changed since; `again` mends it."""
    from bench.analysis.trials import but_streams
    from bench.plan.jobcode import code_of
    from bench.record import digest

    # Not by the state of the grid's jobs: an answer rests on runs beyond the grid, too.
    now = {but_streams(job.identity): digest(code_of(job)) for job in origin.grid.jobs if job.kind == "fit"}
    runs = [origin.records[id] for id in rests_on]
    if changed := sum(now.get(but_streams(it.identity), it.code_digest) != it.code_digest for it in runs):
        return [
            f"{name}: {changed} of its {len(rests_on)} runs {'was' if changed == 1 else 'were'} made by code that has "
            f"changed since; `{again}` does them again"
        ]
    return []


def _asked(found: Advised, at: str | None) -> list[Advice]:
    """Return the places that were asked for: by label, or the count of the rarest class.

    Raises
    ------
    UserError
        There is none of that name, or one method alone has runs there.
    """
    if at is None:
        return list(found.advice)
    mine = [it for it in found.advice if at in (it.place.place, str(min(it.place.counts)))]
    if not mine:
        for place, why in found.alone.items():
            if at in (place.place, str(min(place.counts))):
                raise UserError(why)
        there = ", ".join(it.place.place for it in found.advice)
        raise UserError(f"{found.task}: no run at {at!r}; there are runs at {there}")
    return mine


def _draw(found: Advised, file: Path) -> None:
    from bench.papers import shelf
    from bench.report.charts import recommended
    from bench.store.leftovers import write_anew

    write_anew(file, recommended(found, file.stem, shelf.shown(found.task))().png)
    say(f"chart written to {file}")


def _show(it: Advice, found: Advised, whole: bool) -> None:
    """Print the sentences about a place, with the numbers of every method where the whole is asked for."""
    from bench.papers import shelf
    from bench.report.recommended import plain_text, rows, sentences

    tell(fill(plain_text(tuple(sentences(it, found, shelf.shown(found.task)))), WIDTH) + "\n")
    if whole:
        lacking = "".join(f"{fill(line, WIDTH)}\n" for line in found.lacking[it.place.place])
        tell(f"{_table(rows(it))}\n{lacking}")


def _explain(it: Advice, found: Advised, seen: str, whole: bool) -> None:
    """Print what holds for all places of a dataset: what columns are, and what the answers are conditional on."""
    from bench.report.recommended import legend

    images = f"{':'.join(map(str, found.images))} test images{', further ones among them' if found.extended else ''}"
    lines = [seen, *([legend(it)] if whole else ()), f"Judged on {images}. {' '.join(found.conditions)}"]
    more = "" if whole else f"`imbench recommend {found.task}` has the numbers of every method."
    tell("\n".join(fill(line, WIDTH) for line in (*lines, more) if line) + "\n")


def _table(found: Sequence[Mapping[str, object]]) -> str:
    """Return rows in columns as narrow as can be: with methods of usual names they fit a terminal."""
    lines = [[*found[0]], *([one_line(str(value)) for value in row.values()] for row in found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _as_data(it: Advice, found: Advised, seen: str) -> dict[str, Any]:
    """Return a recommendation as JSON values, numbers not rounded."""
    from bench.report.recommended import plain_text, sentences

    methods = [
        {
            "method": each.method,
            "believed": {name: [belief.mean, belief.low, belief.high] for name, belief in each.beliefs.items()},
            "regret": each.regret,
            "p_best": each.best,
            "p_near": each.near,
            "loses_at_least": each.loses,
            "operations": each.cost if each.cost < float("inf") else None,
            "runs": each.runs,
        }
        for each in it.methods
    ]
    settle = it.settle and {"seeds": it.settle.seeds, "regret": it.settle.regret, "doubt": it.settle.doubt}
    return {
        "dataset": found.task,
        "place": it.place.place,
        "metric": it.metric,
        "delta": it.delta,
        "outcome": it.found.outcome,
        "choice": it.choice.method,
        "among": [each.method for each in it.among],
        "says": plain_text(tuple(sentences(it, found))),
        "methods": methods,
        "always_rarest": dict(it.scale),
        "settle": settle,
        "conditions": [*([seen] if seen else []), *found.conditions],
        "lacking": list(found.lacking[it.place.place]),
    }
