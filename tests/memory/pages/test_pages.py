"""Markdown runbooks of anybody: read, kept up to date, found by the address in an alert."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import SettingsError
from bot.domain.remembered import Page
from memory.pages import PageShelf, read_page, read_places
from memory.pages.links import broken_links, page_of
from memory.pages.places import LARGEST, PagesUnavailable, fetch
from memory.store import Store

POD = """---
title: Pod crash looping
owner: platform
service: checkout
alerts: [KubePodCrashLooping, PodRestartsOften]
---
# KubePodCrashLooping

See [storage](../storage/full.md), [gone](gone.md#now) and [the wiki](https://wiki.example/a.md).

```sh
# KubeNotAHeading
kubectl get pods
```
"""


def page(text: str = POD, path: str = "kubernetes/KubePodCrashLooping.md", link: str | None = None) -> Page:
    return read_page(source="docs", path=path, text=text, link=link)


def test_front_matter_headings_and_the_file_name_tell_what_it_is_for() -> None:
    found = page()
    assert (found.title, found.owner, found.service) == ("Pod crash looping", "platform", "checkout")
    assert found.alerts == ("KubePodCrashLooping", "PodRestartsOften")
    assert found.text == POD


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# One heading\n\ntext", "One heading"),
        ("One heading\n===========\n\ntext", "One heading"),
        ("#### Deep\n\ntext", "crash"),
        ("```\n# a comment of a shell\n```\n\n# [Real](a.md) one", "Real one"),
        ("---\nnot: [yaml\n---\n# Below", "Below"),
        ("---\ntitle: 7\n---\ntext", "7"),
        ("no heading at all", "crash"),
    ],
)
def test_the_title_is_the_first_that_a_reader_would_call_so(text: str, title: str) -> None:
    assert page(text, "crash.md").title == title


@given(st.text(max_size=300))
def test_any_text_is_a_page(text: str) -> None:
    assert page(text).text == text


def test_a_page_is_found_by_the_address_of_an_annotation() -> None:
    pod = page(link="https://github.example/shop/docs/blob/main/kubernetes/KubePodCrashLooping.md")
    disk = page("# Disk\n\nFull.", "storage/full.md")
    pages = [disk, pod]
    assert page_of(f"{pod.link}#diagnosis", pages) is pod
    assert page_of("https://runbooks.example/runbooks/kubernetes/kubepodcrashlooping/", pages) is pod
    assert page_of("https://runbooks.example/storage/full", pages) is disk
    assert page_of("https://runbooks.example/network/full", pages) is None
    assert page_of("https://runbooks.example/", pages) is None
    assert page_of("http://[broken", pages) is None


def test_links_that_lead_nowhere_are_told() -> None:
    pages = [page(), page("# Disk\n\nFull.", "storage/full.md")]
    assert [(one.path, target) for one, target in broken_links(pages)] == [
        ("kubernetes/KubePodCrashLooping.md", "gone.md#now")
    ]


@pytest.mark.parametrize("setting", ["ftp://host/a", "github:noslash", "github:a/b c"])
def test_a_place_that_cannot_be_read_is_refused_with_the_ways_to_write_one(setting: str) -> None:
    with pytest.raises(SettingsError, match=r"write a folder, https://.*github:owner/name"):
        read_places((setting,))


def test_the_ways_to_name_a_place() -> None:
    folder, git, hub = read_places(
        ("docs/runbooks", "https://git.example/ops/docs.git#main:pages", "github:shop/docs/runbooks@v2")
    )
    assert folder.folder == Path("docs/runbooks")
    assert (git.address, git.ref, git.path) == ("https://git.example/ops/docs.git", "main", "pages")
    assert (hub.address, hub.ref, hub.path) == ("https://github.com/shop/docs.git", "v2", "runbooks")
    assert hub.web == "https://github.com/shop/docs/blob/v2/{path}"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    await opened.close()


def shelf(store: Store, tmp_path: Path, *places: str) -> PageShelf:
    return PageShelf(store.pages, read_places(places), cache=tmp_path / "cache")


async def test_a_folder_is_kept_up_to_date_and_says_what_was_skipped(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    (folder / ".git").mkdir(parents=True)
    (folder / "a.md").write_text("# A\n\nText")
    (folder / "b.MD").write_text("# B\n\nText")
    (folder / "empty.md").write_text(" \n")
    (folder / "large.md").write_text("x" * (LARGEST + 1))
    (folder / ".git" / "hidden.md").write_text("# Hidden")
    (folder / "out.md").symlink_to("/etc/hosts")
    found = await shelf(store, tmp_path, str(folder)).refresh()
    assert (found.pages, found.changed, found.removed) == (2, 2, 0)
    assert [(s.path, s.why.split(",")[0]) for s in found.skipped] == [
        ("empty.md", "it is empty"),
        ("large.md", "it has 1"),
        ("out.md", "it is a link that leads out of the folder"),
    ]
    again = await shelf(store, tmp_path, str(folder)).refresh()
    assert (again.changed, again.removed) == (0, 0)
    (folder / "a.md").unlink()
    gone = await shelf(store, tmp_path, str(folder)).refresh()
    assert (gone.pages, gone.removed) == (1, 1)


async def test_pages_of_a_place_that_cannot_be_read_now_stay(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nText")
    await shelf(store, tmp_path, str(folder)).refresh()
    folder.rename(tmp_path / "away")
    found = await shelf(store, tmp_path, str(folder)).refresh()
    assert (found.pages, found.removed) == (1, 0)
    assert "is no folder here" in found.problems[0]
    dropped = await shelf(store, tmp_path).refresh()  # the setting names it no more
    assert dropped.removed == 1


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@shop.example"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


async def test_a_repository_is_cloned_once_and_fetched_after_that(store: Store, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "pages").mkdir(parents=True)
    git(repository, "init", "-q", "-b", "main")
    (repository / "pages" / "a.md").write_text("# A\n\nText")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "one")
    place = f"file://{repository}#main:pages"
    assert (await shelf(store, tmp_path, place).refresh()).changed == 1
    (repository / "pages" / "a.md").write_text("# A\n\nOther text")
    git(repository, "commit", "-qam", "two")
    assert (await shelf(store, tmp_path, place).refresh()).changed == 1
    (kept,) = (await store.pages.by_id()).values()
    assert kept.text == "# A\n\nOther text"
    assert kept.updated_at is None or kept.updated_at <= datetime.now(UTC)


def test_a_repository_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    (place,) = read_places((f"file://{tmp_path}/nothing",))
    with pytest.raises(PagesUnavailable, match="git could not fetch a repository of RUNBOOK_PAGES"):
        fetch(place, tmp_path / "cache")


def test_a_path_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "-q", "-b", "main")
    (repository / "a.md").write_text("# A")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "one")
    (place,) = read_places((f"file://{repository}#main:../../..",))
    with pytest.raises(PagesUnavailable, match="has no folder"):
        fetch(place, tmp_path / "cache")
