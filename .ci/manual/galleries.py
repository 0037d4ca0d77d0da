"""Galleries: every method and every dataset with a picture, what it does, where it is from and what it costs."""

from __future__ import annotations

import base64
import inspect
import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench import registry
from bench.data.decoding import fitted, picture_of
from bench.dataset import Dataset
from bench.errors import DataError
from bench.images import ImageSet
from bench.method import Counts, Method
from bench.protocol import Protocol
from bench.registry import METHODS, shipped_datasets
from bench.stage import StageRequest
from manual.drawings import bars, curves, flow

HERE = Path(__file__).parent
EXAMPLE = (100, 40, 10)
CLASSES = ("common", "medium", "rare")
FORMULAS: dict[str, str] = tomllib.loads((HERE / "formulas.toml").read_text(encoding="utf8"))


def methods_page() -> str:
    """Return the gallery of methods as markdown."""
    registry.load()
    lines = [
        "# Gallery of methods\n",
        f"Pictures are of an example of {', '.join(map(str, EXAMPLE))} training images, drawn by the method's code. "
        "In formulas n_k are the training images of class k, p_k its probability, z_k its logit, y the true class.\n",
    ]
    for entry in METHODS:
        method = entry.cls()
        lines.append(f"## {entry.name}\n")
        lines.append(f"{' '.join((inspect.getdoc(entry.cls) or '').split('Parameters')[0].split())}\n")
        if drawing := _drawing(method):
            lines.append(f'<div class="card">{drawing}</div>\n')
        lines.append(f"`{FORMULAS[entry.name]}`\n")
        facts = {
            "Slots": ", ".join(method.slots) or "none: it is what the others are held against",
            "Parameters": ", ".join(f"`{key} = {value}`" for key, value in method.parameters.items()),
            "Corrects the class prior": "yes" if method.rebalances and method.slots else "no",
            "Cost": _cost(method),
            "Reference": _linked(entry.reference),
            "Code": f"[{entry.cls.__module__}](../{entry.cls.__module__.removeprefix('bench.').replace('.', '/')}.py)",
        }
        lines.append("\n".join(f"- **{name}**: {text}" for name, text in facts.items() if text) + "\n")
    return "\n".join(lines)


def datasets_page() -> str:
    """Return the gallery of datasets as markdown."""
    registry.load()
    lines = [
        "# Gallery of datasets\n",
        "Bars are the images of each class that can train, on a scale of logarithms. Pictures are shown of what comes "
        "inside the suite; those of others may not be passed on ([terms](data.md#licences-and-terms)).\n",
    ]
    for entry in shipped_datasets():
        dataset = entry.cls(HERE / "nothing is here")
        split = dataset.split()
        counts = split.counts("train")
        said = f"Training images of {entry.name}: " + ", ".join(
            f"{name} {n}" for name, n in zip(split.classes, counts, strict=True)
        )
        lines += [f"## {entry.name}\n", f"{' '.join((inspect.getdoc(entry.cls) or '').split())}\n"]
        lines.append(
            f'<div class="card">{bars(said, split.classes, {"": counts}, log=True)}{_pictures(dataset)}</div>\n'
        )
        parts = (f"{sum(split.counts(part))} {part}" for part in split.parts if any(split.counts(part)))
        source = entry.cls.source
        facts = {
            "Classes": ", ".join(split.classes),
            "Images": ", ".join(parts),
            "Edition": f"`{dataset.edition}`",
            "Imbalances": ", ".join(f"`{it.spelled}`" for it in entry.cls.imbalances),
            "To get": _obtained(entry.name, entry.cls),
            "Size": f"{source.size / 1e6:.0f} MB" if source and source.size else "",
            "Reference": _linked(entry.reference),
        }
        lines.append("\n".join(f"- **{name}**: {text}" for name, text in facts.items() if text) + "\n")
    return "\n".join(lines)


def _obtained(name: str, cls: type[Dataset]) -> str:
    if not cls.has_files:
        return "it is inside"
    by_hand = cls.source is None or bool(cls.source.manual)
    return f"`imbench data prepare {name}`{' (it says what to fetch by hand)' if by_hand else ''}"


def _cost(method: Method) -> str:
    """Say what a fit takes beyond one of Vanilla's."""
    if method.slots == ("decision",):
        return "none: it reads Vanilla's fit"
    needs = [it for it in method.requires((200, 100), Protocol()) if isinstance(it, StageRequest)]
    if needs:
        return f"{needs[0].name} is trained first, once per place, and shared by all seeds; then fits of its own"
    if (phases := len(method.phases())) > 1:
        return f"one fit of the common length, in {phases} phases"
    return "one fit of the common length"


def _drawing(method: Method) -> str:
    """Return a picture of what a method does to the example, "" for what does not show so."""
    if stages := [it.name for it in method.requires(EXAMPLE[:2], Protocol()) if isinstance(it, StageRequest)]:
        trained = "trained with it in turn" if "fit" in method.slots and method.leaves else "trained on both"
        steps = [
            "training images",
            f"{stages[0]}, trained once on them",
            "images that it makes",
            f"classifier, {trained}",
        ]
        return flow(f"From {' to '.join(steps)}", steps)
    for slot, draw in _DRAWN.items():
        if slot in method.slots:
            return str(draw(method.for_counts(Counts.same(EXAMPLE))))
    return "" if method.slots else _loss(method)


def _data(method: Method) -> str:
    train = ImageSet.of(_noise(), _labels(), 3)
    after = method.resample(train, np.random.default_rng(0)).counts.tolist()
    return bars(f"Training images before {EXAMPLE} and after {after}", CLASSES, {"before": EXAMPLE, "after": after})


def _sampler(method: Method) -> str:
    drawn = _labels()[method.sampler(_labels(), torch.Generator().manual_seed(0))].bincount(minlength=3)
    shares = (100 * drawn / drawn.sum()).tolist()
    return bars("Share of each class among the images drawn, in percent", CLASSES, {"drawn, %": shares})


def _weights(method: Method) -> str:
    counts = np.array(EXAMPLE)
    first, last = (method.class_weights(counts, progress).tolist() for progress in (0.0, 0.99))
    series = {"weight": last} if first == last else {"weight at first": first, "at last": last}
    return bars("Weight of each class in the loss", CLASSES, series)


def _loss(method: Method) -> str:
    x = np.linspace(-4, 4, 41)
    pair = method.for_counts(Counts.same((EXAMPLE[0], EXAMPLE[2])))
    series = {}
    for k, name in enumerate(("common", "rare")):
        logits = torch.zeros(len(x), 2)
        logits[:, k] = torch.from_numpy(x).float()
        series[name] = pair.loss(logits, torch.full((len(x),), k)).tolist()
    return curves(
        "Loss of an image by how far its class leads", x.tolist(), series, "logit of its own class - the other"
    )


def _decision(method: Method) -> str:
    tuned = method if method.parameters.get("tau") != "validation" else type(method)(tau=1.0)
    scores = tuned.adjust(np.full((1, 3), 1 / 3), np.array(EXAMPLE))[0]
    return bars(
        "Score of each class where all are equally probable", CLASSES, {"score": (scores / scores.sum()).tolist()}
    )


def _phases(method: Method) -> str:
    phases = method.phases()
    names = [f"{it.trains or 'all layers'}{', classes equal' if it.sampler == 'balanced' else ''}" for it in phases]
    steps = [f"{100 * it.share:.0f} % of the epochs: {name}" for it, name in zip(phases, names, strict=True)]
    return flow(f"Phases: {'; '.join(steps)}", steps)


def _fit(method: Method) -> str:
    steps = ["train as Vanilla does", "change what was learned, see the formula", "decide"]
    return flow(f"From {' to '.join(steps)}", steps)


def _batch(method: Method) -> str:
    labels = torch.tensor([0, 2, 1, 2])
    _, targets, _ = method.batch(torch.zeros(4, 3, 4, 4), labels, torch.Generator().manual_seed(0))
    shown = {f"image {k + 1}": targets[k].tolist() for k in range(3)} if targets.ndim == 2 else {}
    return bars("Soft targets of three images of a batch", CLASSES, shown) if shown else ""


_DRAWN: dict[str, Any] = {
    "data": _data,
    "sampler": _sampler,
    "weights": _weights,
    "loss": _loss,
    "decision": _decision,
    "phases": _phases,
    "batch": _batch,
    "fit": _fit,
}


def _labels() -> torch.Tensor:
    return torch.from_numpy(np.repeat(np.arange(3), EXAMPLE))


def _noise() -> torch.Tensor:
    return torch.randint(256, (sum(EXAMPLE), 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def _pictures(dataset: Dataset) -> str:
    """Return a picture of each class of what comes inside the suite."""
    return "".join(_picture(dataset, name) for name in _examples(dataset)) if not dataset.has_files else ""


def _examples(dataset: Dataset) -> Iterator[str]:
    split = dataset.split()
    yield from (split.parts["train"][label][0] for label in split.classes)


def _picture(dataset: Dataset, name: str) -> str:
    try:
        image = fitted(picture_of(dataset, name), "squash", 64)
    except DataError:
        return ""
    png = io.BytesIO()
    image.save(png, "PNG")
    return f'<img alt="{name}" width="64" src="data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"/>'


def _linked(reference: str) -> str:
    text = re.sub(r"arXiv[: ](\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", reference)
    return re.sub(r"doi:(10\.\S+\w)", r"[doi:\1](https://doi.org/\1)", text)
