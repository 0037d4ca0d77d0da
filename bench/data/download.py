"""Downloads: resumed where they stopped, verified before they are used."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from http.client import HTTPException, HTTPResponse
from io import FileIO
from pathlib import Path
from urllib.parse import urlsplit

from bench.data.archive import unpack
from bench.data.manifest import Progress, differing, digests
from bench.data.splits import keep_split
from bench.dataset import Dataset, Source
from bench.errors import DataError
from bench.store.lock import stand_aside, waiting_for
from bench.store.regular import put_aside

ATTEMPTS = 5  # in a row without a new byte, per address
TIMEOUT = 30.0  # seconds without an answer
_BLOCK = 1 << 18


def obtain(dataset: Dataset, progress: Progress | None = None) -> str:
    """Make a dataset's files be there and right, downloading them where that is possible; return what was done.

    Raises
    ------
    DataError
        The download is a manual one (the text says how), it failed, or what came is not the published edition.
    """
    if not dataset.has_files:
        return f"{dataset.name}: nothing to get, its images come with the suite"
    dataset.progress = progress
    names = dataset.split().names()
    if all(dataset.path(name).is_file() for name in names):
        _verify(dataset, names)
        new = keep_split(dataset)
        drawn = f"; the split was drawn and is kept in {new}. {_in_a_line(dataset.split().note)}" if new else ""
        return f"{dataset.name}: all {len(names)} images of edition {dataset.edition} are in {dataset.root}{drawn}"
    source = dataset.source
    if source is None:
        raise DataError(dataset.missing(next(name for name in names if not dataset.path(name).is_file())))
    if source.manual:
        raise DataError(_in_a_line(source.manual).format(root=dataset.root, url=source.url))
    for file in source.files or (source,):
        _lay(dataset, file, names, progress)
    dataset.__dict__.pop("pinned", None)  # what came may be another edition than the published one
    names = dataset.split().names()
    _verify(dataset, names)
    keep_split(dataset)
    what = f"{len(names)} images of edition {dataset.edition}"
    return f"{dataset.name}: downloaded and verified, {what} in {dataset.root}"


def _in_a_line(text: str) -> str:
    return " ".join(text.split())


def _lay(dataset: Dataset, source: Source, names: list[str], progress: Progress | None) -> None:
    """Download a file and lay it, or what it unpacks to, into a dataset's folder; nothing there is written over."""
    name = Path(urlsplit(source.url).path).name
    came = dataset.root.parent / ".downloads" / name
    packed = dataset.source is source
    if packed and _is_filled(dataset.root):
        absent = sum(not dataset.path(it).is_file() for it in names)
        raise DataError(f"{dataset.root} lacks {absent} of {len(names)} images; move it away to download the dataset")
    with _alone(came):
        if _is_filled(dataset.root) if packed else (dataset.root / name).exists():
            return  # another process was quicker, perhaps while this one waited
        _fetch(source, came, progress)
        if packed:
            unpack(came, dataset.root)
            came.unlink()
        else:
            dataset.root.mkdir(exist_ok=True)
            came.rename(dataset.root / name)


def _is_filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def fetch(source: Source, destination: Path, progress: Progress | None = None, pause: float = 1.0) -> None:
    """Download a file from the first address that serves it; go on where an earlier attempt stopped.

    Parameters
    ----------
    progress
        Called with bytes so far and bytes in all (0 if not known).
    pause
        Seconds before the second attempt; doubled for each further one.

    Raises
    ------
    DataError
        No address serves the file, or what it serves has another size or digest; the text says which.
    """
    with _alone(destination):
        _fetch(source, destination, progress, pause)


def _fetch(source: Source, destination: Path, progress: Progress | None, pause: float = 1.0) -> None:
    """Do what `fetch` does, for who holds the lock."""
    partial = _partial(destination)
    stand_aside(partial)
    put_aside(destination)
    if destination.exists() and not _wrong(source, destination):
        return
    # Without a digest nobody could tell whether an old beginning fits a new end.
    if source.sha256 is None:
        partial.unlink(missing_ok=True)
    failures = []
    for url in (source.url, *source.mirrors):
        resumed = partial.exists()
        failure = _persist(url, partial, source.size, progress, pause) or _wrong(source, partial)
        if failure and resumed and not partial.exists():
            failure = _persist(url, partial, source.size, progress, pause) or _wrong(source, partial)
        if not failure:
            partial.replace(destination)
            return
        failures.append(f"{url}: {failure}")
    raise DataError("; ".join(failures))


def _partial(destination: Path) -> Path:
    return destination.with_name(destination.name + ".part")


def _wrong(source: Source, path: Path) -> str:
    """Return "" if a complete file has the published size and digest; otherwise delete it and return what differs."""
    size = path.stat().st_size
    reason = f"has {size} bytes, not {source.size}" if source.size not in (None, size) else ""
    if not reason and source.sha256:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
        reason = "" if found == source.sha256 else f"has the SHA-256 {found}, not {source.sha256}"
    if reason:
        path.unlink()
    return reason


def _persist(url: str, partial: Path, size: int | None, progress: Progress | None, pause: float) -> str:
    """Download one address to the end with retries; return "" or the reason of the last failure."""
    if urlsplit(url).scheme not in ("http", "https"):
        return "not an http address"
    reason, attempt = "", 0
    while attempt < ATTEMPTS:
        before = partial.stat().st_size if partial.exists() else 0
        try:
            if _download(url, partial, size, progress):
                return ""
            reason = "the connection was cut"
        except urllib.error.HTTPError as error:
            reason = f"{error.code} {error.reason}"
            if error.code < 500 and error.code not in (408, 416, 429):
                return reason
        except (OSError, HTTPException) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        grown = partial.exists() and partial.stat().st_size > before
        attempt = 1 if grown else attempt + 1
        time.sleep(pause * 2 ** (attempt - 1))
    return reason


def _download(url: str, partial: Path, size: int | None, progress: Progress | None) -> bool:
    """Download what is missing of one file; return whether it is complete now."""
    start = partial.stat().st_size if partial.exists() else 0
    if size is not None and start >= size:
        return True
    headers = {"User-Agent": "imbalance-bench", **({"Range": f"bytes={start}-"} if start else {})}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # what is here is longer than what is there: start again
            partial.unlink()
        raise
    with response:
        if start and not _continues(response, start):
            start = 0
        total = size or 0 if response.length is None else start + response.length
        with partial.open("ab" if start else "wb", buffering=0) as file:
            while block := response.read(_BLOCK):
                _write(file, block, partial)
                start += len(block)
                if progress:
                    progress(start, total)
    return start >= total


def _write(file: FileIO, block: bytes, partial: Path) -> None:
    """Append a block; an error of the disk is not one of the network, and trying again would not help."""
    try:
        file.write(block)
    except OSError as error:
        raise DataError(f"{partial}: cannot be written ({error.strerror or error})") from error


def _continues(response: HTTPResponse, start: int) -> bool:
    """Return whether the server's answer begins at byte `start`; a server that ignores Range sends the whole file."""
    return response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _verify(dataset: Dataset, names: list[str]) -> None:
    if other := differing(dataset.pinned, digests(dataset, names)):
        raise DataError(
            f"{dataset.root}: {len(other)} files are not those of edition {dataset.edition!r}, such as {other[0]}; "
            f"see `imbench data check {dataset.name}`"
        )


@contextmanager
def _alone(destination: Path) -> Iterator[None]:
    """Hold the download's lock, so that two processes do not write one file, or unpack it to one folder."""
    partial = _partial(destination)
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        with waiting_for(partial.with_name(partial.name + ".lock")):
            yield
    except PermissionError as error:
        raise DataError(f"{partial.parent}: cannot be written ({error.strerror})") from error
