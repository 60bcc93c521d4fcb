"""Which service a name means: what is taken, why, and what is only suggested."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalog import Catalog, Service
from bot.domain.service_names import LONGEST, Match, readings

CATALOG = Catalog(
    services={
        service.name: service
        for service in (
            Service(name="checkout", aliases=("co", "Checkout Web")),
            Service(name="orders-api", depends_on=("orders-db", "orders-api")),
            Service(name="orders-worker", depends_on=("orders-db",)),
            Service(name="orders-db"),
            Service(name="payments-service"),
            Service(name="web"),
            Service(name="Mailer"),
            Service(name="mail-er"),
            Service(name="ledger", aliases=("books",)),
            Service(name="library", aliases=("books",)),
        )
    }
)


@pytest.mark.parametrize(
    ("name", "means", "match"),
    [
        ("checkout", "checkout", Match.EXACT),
        ("co", "checkout", Match.ALIAS),
        ("Checkout", "checkout", Match.SPELLING),
        ("checkout_web", "checkout", Match.SPELLING),
        ("ordersApi", "orders-api", Match.SPELLING),
        ("shop/checkout", "checkout", Match.NAMESPACE),
        ("shop/deployment/checkout", "checkout", Match.NAMESPACE),
        ("checkout:8080", "checkout", Match.ADDRESS),
        ("checkout.shop.svc.cluster.local", "checkout", Match.ADDRESS),
        ("checkout-7c9f8d6b5-x2x4p", "checkout", Match.WORKLOAD),
        ("checkout-7c9f", "checkout", Match.WORKLOAD),
        ("checkout-deployment", "checkout", Match.WORKLOAD),
        ("orders-db-0", "orders-db", Match.WORKLOAD),
        ("orders-worker-28391040-x2x4p", "orders-worker", Match.WORKLOAD),
        ("checkout-prod", "checkout", Match.ENVIRONMENT),
        ("staging-checkout", "checkout", Match.ENVIRONMENT),
        ("checkout-canary-staging", "checkout", Match.WORKLOAD),
        ("svc-checkout", "checkout", Match.PREFIX),
        ("payments", "payments-service", Match.SUFFIX),
        ("checkout-svc", "checkout", Match.SUFFIX),
    ],
)
def test_a_name_in_another_form_is_taken_with_the_reason(name: str, means: str, match: Match) -> None:
    found = CATALOG.resolve(name)
    assert found.service is not None
    assert (found.service.name, found.match) == (means, match)
    assert CATALOG.find(name) == CATALOG.services[means]
    assert found.why == ("" if match is Match.EXACT else f"{name} is taken for {means}: {match}")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("orders", ("orders-db", "orders-api", "orders-worker")),
        ("chekout", ("checkout",)),
        ("web-http2", ("web",)),  # a word with a number, and no random ending
        ("web-frontend", ("web",)),
        ("checkout-worker", ("checkout",)),
        ("zzz", ()),
        ("", ()),
    ],
)
def test_what_only_comes_near_is_suggested_and_never_taken(name: str, nearest: tuple[str, ...]) -> None:
    found = CATALOG.resolve(name)
    assert found.service is None
    assert found.nearest[: len(nearest)] == nearest
    assert CATALOG.find(name) is None
    assert not found.is_ambiguous


@pytest.mark.parametrize(("name", "either"), [("MAILER", ("Mailer", "mail-er")), ("books", ("ledger", "library"))])
def test_a_name_that_means_two_is_taken_for_neither(name: str, either: tuple[str, ...]) -> None:
    found = CATALOG.resolve(name, {"app": "checkout"})
    assert (found.service, found.nearest, found.is_ambiguous) == (None, either, True)
    assert CATALOG.find(name) is None


def test_labels_of_the_alert_tell_where_the_name_does_not() -> None:
    found = CATALOG.resolve("node-exporter", {"app": "checkout", "pod": "orders-api-7c9f8d6b5-x2x4p"})
    assert found.service == CATALOG.services["checkout"]
    assert found.why == "app=checkout is taken for checkout: another label of the alert"
    assert CATALOG.resolve("checkout", {"app": "orders-api"}).service == CATALOG.services["checkout"]
    assert CATALOG.resolve(None, {"namespace": "checkout"}).service is None, "a namespace is no name of a service"
    assert CATALOG.find(None) is None


def test_neighbours_are_found_by_any_name_and_a_service_is_none_of_its_own() -> None:
    assert [s.name for s in CATALOG.neighbours("OrdersAPI")] == ["orders-db"]
    assert [s.name for s in CATALOG.neighbours("orders-db-0")] == ["orders-api", "orders-worker"]


def test_several_repositories_begin_with_the_one_that_is_deployed() -> None:
    service = Service(name="a", repository="acme/a", further_repositories=("acme/a-config", "acme/a"))
    assert service.repositories == ("acme/a", "acme/a-config")
    assert Service(name="a").repositories == ()


@given(st.text(max_size=400))
def test_any_text_may_be_asked_for(name: str) -> None:
    found = CATALOG.resolve(name, {"app": name})
    assert found.service is None or found.match is not None
    assert all(len(reading.name) <= LONGEST for reading in readings(name))


@given(st.sampled_from(sorted(CATALOG.services)))
def test_a_service_is_always_found_by_its_own_name(name: str) -> None:
    assert CATALOG.resolve(name).match is Match.EXACT
