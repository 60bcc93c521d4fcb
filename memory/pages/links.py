"""Which page an address means, and which links between pages lead nowhere."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote, urlsplit

from bot.domain.remembered import Page

_LINK = re.compile(r"(?<!!)\[[^\]\n]{0,300}\]\(\s*<?([^)>\s]+)>?(?:\s+[\"'][^)]*)?\)")
_ENDINGS = re.compile(r"(/index|/readme)?(\.(md|markdown|mdx|html?))?/?$", re.IGNORECASE)
SHORTEST_SHARED = 2  # parts of a path that have to agree where the address is of another host than the page's


def page_of(url: str, pages: Iterable[Page]) -> Page | None:
    """The page that the address of an alert's annotation means: the same link, else the longest end of its path.

    Runbooks are often read on another host than the one they are kept on.
    """
    wanted = _parts(url)
    if not wanted:
        return None
    best: tuple[int, Page] | None = None
    for page in pages:
        if page.link is not None and _bare(page.link) == _bare(url):
            return page
        shared = _shared_end(wanted, _path_parts(page.path))
        whole = shared == len(_path_parts(page.path))
        if shared >= SHORTEST_SHARED or (whole and shared):
            best = max(best or (0, page), (shared, page), key=lambda pair: pair[0])
    return best[1] if best else None


def broken_links(pages: Sequence[Page]) -> Iterator[tuple[Page, str]]:
    """Relative links to pages that are not there. Anchors, images and addresses elsewhere are not looked at."""
    known = {(page.source, page.path.lower()) for page in pages}
    for page in pages:
        for target in dict.fromkeys(_LINK.findall(page.text)):
            path = unquote(target.partition("#")[0].partition("?")[0])
            if not path or "://" in target or path.startswith(("/", "mailto:")) or not path.lower().endswith(".md"):
                continue
            there = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), path)).lower()
            if not there.startswith("..") and (page.source, there) not in known:
                yield page, target


def _bare(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc.lower()}{_ENDINGS.sub('', unquote(parts.path)).lower()}"


def _parts(url: str) -> list[str]:
    try:
        path = urlsplit(url).path
    except ValueError:
        return []
    return _path_parts(path)


def _path_parts(path: str) -> list[str]:
    return [part for part in _ENDINGS.sub("", unquote(path)).lower().split("/") if part]


def _shared_end(a: Sequence[str], b: Sequence[str]) -> int:
    count = 0
    for one, other in zip(reversed(a), reversed(b), strict=False):
        if one != other:
            break
        count += 1
    return count
