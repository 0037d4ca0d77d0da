"""Fellows: records of one split and protocol tell of the same images; one that tells of others is passed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

from bench.dataset import Split
from bench.record import Predictions, Record, canonical

PARTS = {"validation": "val", "test": "test", "extended": "extended"}  # of a record, and what a split calls them
ADVICE = "it is passed over; move its file away, and `imbench run` makes it again"
Counts = tuple[int, ...]
SplitOf = Callable[[], Split | None]


def _unknown() -> None:
    """Know no split."""


def strangers(records: Iterable[Record], split: SplitOf = _unknown) -> dict[str, str]:
    """Return why records are no fellows of the others, by id.

    What most of them tell of a part's images is believed, and where as many tell otherwise, what the split has; where
    that says nothing either, none of them can be believed.

    Parameters
    ----------
    split
        Gives that of these records, where it is known.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        if "split" not in record.identity:
            continue
        groups.setdefault(_group(record), []).append(record)
    return {
        id: f"record {id}: its {part} images are not those of the others of {_named(group[0])}; {ADVICE}"
        for group in groups.values()
        for part in PARTS
        for id in _others(group, part, split)
    }


def fellows(records: Mapping[str, Record], split: SplitOf = _unknown) -> tuple[dict[str, Record], list[str]]:
    """Return the records without those that are no fellows, and a line for each of these."""
    odd = strangers(records.values(), split)
    return {id: record for id, record in records.items() if id not in odd}, [odd[id] for id in sorted(odd)]


def _others(group: Collection[Record], part: str, split: SplitOf) -> list[str]:
    found = {record.id: told.counts for record in group if (told := _told(record, part)) is not None}
    votes = Counter(found.values()).most_common()
    if len(votes) < 2:
        return []
    believed = votes[0][0] if votes[0][1] > votes[1][1] else _of_split(next(iter(group)), part, split())
    return [id for id, counts in found.items() if counts != believed]


def _told(record: Record, part: str) -> Predictions | None:
    found: Predictions | None = getattr(record, part)
    return found


def _of_split(record: Record, part: str, split: Split | None) -> Counts | None:
    if split is None or split.digest != record.identity.get("split"):
        return None
    limit = _limit(record)
    whole = split.counts(PARTS[part]) if PARTS[part] in split.parts else ()
    return tuple(min(count, limit) if isinstance(limit, int) else count for count in whole)


def _limit(record: Record) -> object:
    return record.identity.get("protocol", {}).get("eval_per_class")


def _group(record: Record) -> str:
    identity = record.identity
    same = [identity.get(name) for name in ("dataset", "edition", "split", "classes")]
    return canonical([same, _limit(record), record.kind == "audit"])  # an audit validates on test images


def _named(record: Record) -> str:
    return str(record.identity.get("dataset", "its dataset"))
