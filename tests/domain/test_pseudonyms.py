from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pseudonyms import Hidden, Pseudonyms

LINE = "10:02:11 db-3.prod.example.com refused 10.0.4.7:5432 for ana@example.com (checkout 1.4.2, 503, 12.5 ms)"
ACCOUNT = "1234" * 3


def test_hosts_addresses_and_people_are_told_by_readable_names() -> None:
    told = Pseudonyms().hide(LINE)
    assert told == "10:02:11 host-1 refused ip-1:5432 for person-1 (checkout 1.4.2, 503, 12.5 ms)"


def test_a_name_keeps_its_stand_in_for_the_whole_incident() -> None:
    pseudonyms = Pseudonyms.of([LINE])
    assert pseudonyms.hide("10.0.4.7 and 10.0.4.8") == "ip-1 and ip-2"
    assert pseudonyms.hide("10.0.4.8") == "ip-2"
    assert Pseudonyms.of([LINE, "10.0.4.8"]).hide("10.0.4.8") == "ip-2"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/deploy", "arn:aws:iam::account-1:role/deploy"),
        (f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop", "account-1.dkr.ecr.eu-west-1.amazonaws.com/shop"),
        ("<@U02AB3CDEF4> joined", "<@person-1> joined"),
        ("team T02AB3CDEF4", "team account-1"),
        ("via 2001:db8::8a2e:370:7334", "via ip-1"),
        ("node ip-10-0-1-23 is gone", "node host-1 is gone"),
        ("ip-10-0-1-23.eu-west-1.compute.internal", "host-1"),
        ("gke-prod-pool-1-0f3c12ab-x2x4", "host-1"),
        ("http://web.corp/health", "http://host-1/health"),
        ("peers 10.0.0.1-10.0.0.9, 10.1.0.0/16", "peers ip-1-ip-2, ip-3/16"),
    ],
)
def test_forms_that_are_told(text: str, told: str) -> None:
    pseudonyms = Pseudonyms()
    assert pseudonyms.hide(text) == told
    assert pseudonyms.restore(told) == text


@pytest.mark.parametrize(
    "text",
    [
        "at 10:02:11 on 2026-03-04T10:02:11.123Z",
        "checkout v1.2.3.4, chart-10.2.3.4, version 10.2.3.4, requests==10.2.3.4, 1.2.3.4.5",
        "500.1.2.3 is no address",
        "checkout.shop.svc.cluster.local answered 503",
        "api.stripe.com and github.com and quay.io/shop/web:1.2",
        "at com.shop.checkout.Client.call(Client.java:88) in bot/domain/redact.py",
        "std::vector<a::b> 0a:1b:2c:3d:4e:5f",
        "localhost 127.0.0.1 0.0.0.0",
        "web-1 checkout-7f9c6d5b8-x2x4z i-am-well",
        "TIMEOUT UTF8 WARNING ERROR123",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
        f"took {ACCOUNT} ns",
    ],
)
def test_what_an_analysis_needs_stays(text: str) -> None:
    assert Pseudonyms().hide(text) == text


def test_given_names_are_hidden_as_whole_words_longest_first() -> None:
    known = {"web-1": Hidden.HOST, "Ana": Hidden.PERSON, "Ana Petrova": Hidden.PERSON, "acme": Hidden.ACCOUNT}
    pseudonyms = Pseudonyms(known)
    assert (
        pseudonyms.hide("Ana Petrova: web-1 of acme, web-12, Anabel") == "person-1: host-1 of account-1, web-12, Anabel"
    )
    assert pseudonyms.hide("web-1.prod.example.com") == "host-2"


def test_a_text_that_holds_such_words_itself_comes_back_as_it_was() -> None:
    pseudonyms = Pseudonyms()
    texts = [
        "db.prod.example.com",
        "host-1 and Host-1 and host-01",
        "host-1.shop.svc.cluster.local",
        "ip-1, ip-10-0-1-23",
    ]
    told = [pseudonyms.hide(text) for text in texts]
    assert told[0] == "host-1"
    assert "host-1 " not in told[1]
    assert [pseudonyms.restore(text) for text in told] == texts


def test_a_stand_in_is_restored_whatever_its_case_and_an_unknown_one_stays() -> None:
    pseudonyms = Pseudonyms.of(["db.prod.example.com"])
    assert (
        pseudonyms.restore("Host-1's disk, host-7, xhost-1, host-12")
        == "db.prod.example.com's disk, host-7, xhost-1, host-12"
    )


NAMES = st.sampled_from(
    [
        *(
            "host-1",
            "host-2",
            "ip-1",
            "Ip-1",
            "person-1",
            "account-1",
            "host-01",
            "HOST-1",
            "ip-",
            "host",
            "-1",
            "1",
            "-",
        ),
        *("10.0.0.1", "10.0.0.2", "1.2.3.4", "::1", "2001:db8::1", "a::b", "127.0.0.1", "web-1", "Ana"),
        *("db.prod.example.com", "host-1.example.com", "host-2.x.svc.cluster.local", "ana@example.com", "ip-10-0-1-2"),
        *(
            "U02AB3CDEF4",
            f"arn:aws:iam::{ACCOUNT}:role/x",
            ACCOUNT,
            f"account {ACCOUNT}",
            "v",
            "=",
            ".",
            ":",
            "@",
            "<@",
            ">",
            " ",
            "_",
            "/",
            "é",
            "\n",
        ),
    ]
)
TEXTS = st.lists(NAMES | st.text(max_size=5), max_size=14).map("".join)


@given(st.lists(TEXTS, max_size=4), TEXTS)
def test_every_text_comes_back_exactly(before: list[str], text: str) -> None:
    known = {"web-1": Hidden.HOST, "Ana": Hidden.PERSON, "host": Hidden.HOST}
    pseudonyms = Pseudonyms.of(before, known, stays=["db.prod.example.com", "host-1.example.com", "host-2"])
    assert pseudonyms.restore(pseudonyms.hide(text)) == text


@given(TEXTS, st.lists(st.integers(0, 60), max_size=8))
def test_a_text_in_pieces_is_restored_as_the_whole(text: str, cuts: list[int]) -> None:
    pseudonyms = Pseudonyms()
    told = pseudonyms.hide(text)
    edges = [0, *sorted(min(cut, len(told)) for cut in cuts), len(told)]
    restorer = pseudonyms.restorer()
    shown = [restorer.feed(told[start:end]) for start, end in pairwise(edges)]
    assert "".join([*shown, restorer.finish()]) == text


def test_a_piece_is_shown_as_soon_as_its_words_are_whole() -> None:
    pseudonyms = Pseudonyms.of(["db.prod.example.com"])
    restorer = pseudonyms.restorer()
    assert restorer.feed("The disk of ho") == "The disk of "
    assert restorer.feed("st-1 is full") == "db.prod.example.com is full"
    assert restorer.feed(" of ip") == " of "
    assert restorer.feed("s, x") == "ips, x"
    assert restorer.feed("host-1, host-") == "host-1, ", "xhost-1 is none"
    assert restorer.finish() == "host-"


def test_an_account_that_an_arn_or_a_word_tells_is_hidden_wherever_its_number_stands() -> None:
    pseudonyms = Pseudonyms()
    arn = f"{ACCOUNT} may not use arn:aws:iam::{ACCOUNT}:role/x"
    assert pseudonyms.hide(arn) == "account-1 may not use arn:aws:iam::account-1:role/x"
    assert pseudonyms.hide(f"took {ACCOUNT} ns") == "took account-1 ns"
    other = "5678" * 3
    assert (
        Pseudonyms().hide(f'{{"accountId": "{other}", "n": {ACCOUNT}}}')
        == f'{{"accountId": "account-1", "n": {ACCOUNT}}}'
    )
    assert Pseudonyms().hide(f"AWS account {other} is over its quota") == "AWS account account-1 is over its quota"


def test_services_stay_whatever_they_look_like_and_a_name_like_a_stand_in_means_nothing_else() -> None:
    pseudonyms = Pseudonyms(stays=["Shop.Example.com", "host-1"])
    text = "shop.example.com and host-1 on db.shop.example.com and HOST-1"
    told = pseudonyms.hide(text)
    assert told == "shop.example.com and host-1 on host-2 and host-3"
    assert pseudonyms.restore(told) == text


def test_metrics_that_end_like_a_domain_stay() -> None:
    text = "system.disk.io, k8s.pod.network.io and container.network.io.usage rose"
    assert Pseudonyms().hide(text) == text


@pytest.mark.parametrize("piece", ["a.", "a-", "1.", "a@", "0:", "host-", "10.0.0.1 ", "ip-1-", "x.io."])
def test_a_megabyte_of_nearly_nothing_is_quick(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    pseudonyms = Pseudonyms()
    assert pseudonyms.restore(pseudonyms.hide(text)) == text
