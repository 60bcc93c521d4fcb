"""Backstage's descriptors as a catalog: one file, a folder, a glob, Locations, and our own file over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.alert import Link
from bot.domain.errors import ConfigFileError
from bot.domain.evidence import SignalKind
from memory.catalog import load_catalog, summary, warnings

SHOP = (
    """\
# Everything of the shop; the teams are in groups.yaml.
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  title: Checkout Web
  description: >-
    Takes carts
    to orders.
  labels:
    acme.example/tier: tier-1
  annotations:
    github.com/project-slug: acme/checkout
    pagerduty.com/service-id: PSCHK01
    pagerduty.com/integration-key: "{key}"
    backstage.io/techdocs-ref: url:https://docs.acme.example/checkout
    backstage.io/kubernetes-id: checkout-web
    grafana/overview-dashboard: https://grafana.acme.example/d/checkout
    grafana/dashboard-selector: "tags @> 'checkout'"
    prometheus.io/rule: >-
      sum(rate(http_errors_total{{service="checkout",code=~"5..|429"}}[5m]))|service,memory_usage_bytes{{app="checkout"}}
    acme.example/slack-channel: payments-help
  tags: [java, payments]
  links:
    - url: https://runbooks.acme.example/checkout
      title: What to do
      icon: docs
      type: runbook
    - url: https://acme.example/checkout
      title: Home
spec:
  type: service
  lifecycle: production
  owner: group:default/payments
  system: shop
  dependsOn:
    - component:default/orders
    - resource:orders-db
  consumesApis: [ledger-api, stripe-api]
  providesApis: [checkout-api]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: orders
  annotations:
    backstage.io/source-location: url:https://github.com/acme/orders/tree/main/
spec: {{type: service, lifecycle: experimental, owner: orders-team, dependsOn: ["component:shared-library"]}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: ledger}}
spec:
  type: service
  lifecycle: deprecated
  owner: user:ana
  providesApis: [ledger-api]
  dependsOn: ["component:checkout"]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: shared-library}}
spec: {{type: library, lifecycle: production, owner: payments}}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {{name: orders-db, labels: {{tier: critical}}}}
spec: {{type: database, owner: orders-team, system: shop, dependencyOf: ["component:orders"]}}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {{name: checkout-api}}
spec:
  type: openapi
  lifecycle: production
  owner: payments
  definition:
    $text: ./openapi.yaml
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {{name: stripe-api}}
spec: {{type: openapi, lifecycle: production, owner: payments, definition: "x"}}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {{name: ledger-api}}
spec: {{type: grpc, lifecycle: production, owner: payments, definition: "x"}}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {{name: shop}}
spec: {{owner: payments}}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{name: payments}}
spec: {{type: team, children: []}}
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {{name: new-service}}
spec: {{}}
""".replace("{key}", "k" * 32)
    .replace("{{", "{")
    .replace("}}", "}")
)
OWN = """
services:
  checkout:
    owner: payments-oncall
    depends_on: [Orders]
    signals:
      - {name: error ratio, kind: errors, query: up}
  kasse:
    aliases: [ledger]
    escalation_policy: PEPLED1
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def entity(name: str, kind: str = "Component", **spec: object) -> str:
    lines = [f"  {key}: {value}" for key, value in spec.items()]
    return "\n".join([f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:", *lines, ""])


def test_a_component_is_read_with_all_that_backstage_says_of_it(tmp_path: Path) -> None:
    catalog = load_catalog(write(tmp_path, {"catalog-info.yaml": SHOP}) / "catalog-info.yaml")
    assert sorted(catalog.services) == ["checkout", "ledger", "orders", "orders-db", "stripe-api"]
    checkout = catalog.services["checkout"]
    assert (checkout.owner, checkout.tier, checkout.type, checkout.system) == ("payments", 1, "service", "shop")
    assert checkout.description == "Takes carts to orders."
    assert checkout.aliases == ("Checkout Web", "checkout-web")
    assert checkout.depends_on == ("orders", "orders-db", "ledger", "stripe-api")
    assert (checkout.repository, checkout.pagerduty_service) == ("acme/checkout", "PSCHK01")
    assert checkout.channels == ("#payments-help",)
    assert checkout.tags == ("java", "payments")
    assert [link.url for link in checkout.dashboards] == [
        "https://grafana.acme.example/d/checkout",
        "https://grafana.acme.example/dashboards?tag=checkout",
    ]
    assert [link.title for link in checkout.links] == [
        "Dashboard", "Dashboards tagged checkout", "What to do", "Home", "Documentation",
    ]  # fmt: skip
    assert [(s.name, s.kind, s.query) for s in checkout.signals] == [
        ("http errors total", SignalKind.ERRORS,
         'sum(rate(http_errors_total{service="checkout",code=~"5..|429"}[5m]))'),
        ("memory usage bytes", SignalKind.SATURATION, 'memory_usage_bytes{app="checkout"}'),
    ]  # fmt: skip


def test_the_other_kinds_are_read_by_what_they_are(tmp_path: Path) -> None:
    services = load_catalog(write(tmp_path, {"catalog-info.yaml": SHOP}) / "catalog-info.yaml").services
    assert (services["orders"].repository, services["orders"].environment) == ("acme/orders", "experimental")
    assert services["orders"].depends_on == ("orders-db",), "the database says so; a library runs nowhere"
    assert (services["orders-db"].type, services["orders-db"].tier) == ("database", 1)
    assert (services["ledger"].owner, services["ledger"].environment) == ("ana", "production")
    assert services["ledger"].depends_on == ("checkout",), "circles are allowed"
    assert services["stripe-api"].owner == "payments", "an API that no component provides is outside"
    assert warnings(load_catalog(tmp_path)) == ()


def test_an_integration_key_is_read_nowhere(tmp_path: Path) -> None:
    catalog = load_catalog(write(tmp_path, {"catalog-info.yaml": SHOP}))
    assert "k" * 32 not in repr(catalog)
    broken = SHOP.replace("github.com/project-slug: acme/checkout", "github.com/project-slug: checkout")
    with pytest.raises(ConfigFileError) as raised:
        load_catalog(write(tmp_path, {"catalog-info.yaml": broken}))
    assert "k" * 32 not in str(raised.value)


def test_our_own_entries_lie_over_backstages_field_by_field(tmp_path: Path) -> None:
    catalog = load_catalog(write(tmp_path, {"services.yaml": OWN, "shop/catalog-info.yaml": SHOP}))
    checkout = catalog.services["checkout"]
    assert (checkout.owner, checkout.tier, checkout.repository) == ("payments-oncall", 1, "acme/checkout")
    assert checkout.depends_on == ("orders",), "ours counts, under the name that the catalog has"
    assert [signal.name for signal in checkout.signals] == ["error ratio"]
    assert len(checkout.links) == 5
    assert "ledger" not in catalog.services
    kasse = catalog.services["kasse"]
    assert (kasse.owner, kasse.escalation_policy, kasse.aliases) == ("ana", "PEPLED1", ("ledger",))
    assert catalog.find("ledger") is kasse
    assert summary(catalog, "config") == "5 services in config"


def test_a_folder_a_glob_and_locations_lead_to_the_same(tmp_path: Path) -> None:
    location = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\nspec:\n  targets: "
    write(tmp_path, {
        "all.yaml": f"{location}[./teams/*/catalog-info.yaml, ./more.yaml]\n",
        "more.yaml": location.replace("targets", "target") + "./all.yaml\n---\n" + entity("c", owner="x"),
        "teams/a/catalog-info.yaml": entity("a", owner="x", type="service"),
        "teams/b/catalog-info.yaml": entity("b", owner="x", type="service"),
    })  # fmt: skip
    assert sorted(load_catalog(tmp_path / "all.yaml").services) == ["a", "b", "c"]
    assert sorted(load_catalog(tmp_path).services) == ["a", "b", "c"]
    assert sorted(load_catalog(tmp_path / "teams" / "**" / "*.yaml").services) == ["a", "b"]


def test_what_is_elsewhere_is_not_fetched_and_that_is_told(tmp_path: Path) -> None:
    text = (
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: all}\n"
        "spec:\n  targets:\n    - https://github.com/acme/x/blob/main/catalog-info.yaml\n    - /etc/hosts\n"
    )
    file = write(tmp_path, {"all.yaml": text, "other.yaml": "kind: Deployment\n"}) / "all.yaml"
    told = warnings(load_catalog(file))
    assert [note.rpartition("all.yaml, ")[2] for note in told] == [
        "line 6: https://github.com/acme/x/blob/main/catalog-info.yaml was not read: only files beside the Location "
        "are, by relative paths",
        "line 7: /etc/hosts was not read: only files beside the Location are, by relative paths",
    ]
    folder = warnings(load_catalog(tmp_path))
    assert any("other.yaml holds neither `services:` nor an entity of Backstage; it was left out" in n for n in folder)


def test_names_that_two_have_stay_apart(tmp_path: Path) -> None:
    other = entity("orders", owner="y").replace("  name: orders", "  name: orders\n  namespace: legacy")
    uses = entity("shop", owner="x", dependsOn='["component:legacy/orders", "resource:orders", "component:orders"]')
    database = entity("orders", "Resource", owner="x", type="database")
    catalog = load_catalog(write(tmp_path, {"catalog-info.yaml": "---\n".join(
        [entity("orders", owner="x"), other, database, uses])}))  # fmt: skip
    assert catalog.services["shop"].depends_on == ("legacy/orders", "default/orders", "orders")
    assert catalog.services["legacy/orders"].owner == "y"
    assert catalog.services["default/orders"].type == "database"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: Component\napiVersion: backstage.io/v1alpha1\nspec: {}", r"line 1: metadata is missing; add"),
        (entity("a").replace("name: a", "title: a"), r"line 4: metadata: name is missing; add `name: \.\.\.`"),
        (entity("a", owner="[x]"), r"line 6: spec\.owner: a text is expected"),
        (entity("a", owner="'group:'"), r"line 6: spec\.owner: 'group:' is no reference; write it as kind:namespace"),
        (entity("a", dependsOn="orders"), r"line 6: spec\.dependsOn: a list is expected here"),
        (entity("a", dependsOn="[{name: b}]"), r"line 6: spec\.dependsOn\[0\]: a text is expected"),
        (entity("a").replace("spec:", "spec: [x]"), r"line 5: spec: a mapping is expected"),
        (entity("a").replace("  name: a", "  name: a\n  tags: x"), r"line 5: metadata\.tags: a list is expected"),
        (entity("a").replace("  name: a", "  name: a\n  annotations: [x]"), r"metadata\.annotations: a mapping is"),
        (
            entity("a").replace("  name: a", "  name: a\n  annotations:\n    github.com/project-slug: a"),
            r"line 6: metadata\.annotations\.github\.com/project-slug: 'a' is no repository; write it as owner/name",
        ),
        (entity("a") + "---\n" + entity("A"), r"line 10: metadata: component:default/a is also in .*, line 4; remove"),
        (entity("a", "Location", target="./none.yaml"), r"line 6: spec\.target: there is no file .*none\.yaml; mend"),
        (entity("a", "Location", target="7"), r"there is no file .*7; mend the target or remove it"),
        ("services: {a: {}}\n---\n- x\n", r"line 3: a mapping is expected"),
    ],
)
def test_a_bad_entity_is_told_with_file_line_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    file = write(tmp_path, {"catalog-info.yaml": text}) / "catalog-info.yaml"
    with pytest.raises(ConfigFileError, match=says) as raised:
        load_catalog(file)
    assert str(raised.value).startswith(str(file))


def test_an_unknown_dependency_and_an_unknown_tier_are_warnings(tmp_path: Path) -> None:
    text = entity("a", owner="x", dependsOn='["component:b-service", "api:maps"]')
    text = text.replace("  name: a", "  name: a\n  labels: {service-tier: gold}") + "---\n" + entity("b-servce")
    catalog = load_catalog(write(tmp_path, {"catalog-info.yaml": text}))
    assert warnings(catalog) == (
        "a: the tier 'gold' is none that is known; write 1 (the most critical) to 9",
        "a depends on b-service, which the catalog does not describe; nearest names: b-servce",
        "a depends on maps, which the catalog does not describe",
    )
    assert summary(catalog, "x").startswith("2 services in x. To look at: a: the tier 'gold'")


def test_a_name_that_two_services_claim_is_a_warning(tmp_path: Path) -> None:
    text = "services:\n  a: {aliases: [x, b]}\n  b: {aliases: [x]}\n"
    assert warnings(load_catalog(write(tmp_path, {"services.yaml": text}) / "services.yaml")) == (
        "x is a name of a and of b: it means none of them",
        "b is a name of a and of b: it means b",
    )


def test_the_new_fields_of_our_own_format_are_read(tmp_path: Path) -> None:
    text = """
services:
  a:
    aliases: [a-web]
    type: website
    system: shop
    repositories: [acme/a, acme/a-config]
    channels: [payments, "#payments-help"]
    dashboards:
      - https://grafana.example/d/a
      - {title: Costs, url: https://grafana.example/d/costs}
    links: [{title: Home, url: https://a.example}]
    runbooks: [roll-back, https://wiki.example/a]
    tags: [java]
"""
    service = load_catalog(write(tmp_path, {"services.yaml": text}) / "services.yaml").services["a"]
    assert service.repositories == ("acme/a", "acme/a-config")
    assert service.channels == ("#payments", "#payments-help")
    assert service.runbooks == ("roll-back",)
    assert service.dashboards[0] == Link(title="Dashboard grafana.example", url="https://grafana.example/d/a")
    assert [link.title for link in service.links] == ["Dashboard grafana.example", "Costs", "Home", "Runbook"]
    assert (service.type, service.system, service.aliases, service.tags) == ("website", "shop", ("a-web",), ("java",))


def test_the_same_service_in_two_of_our_files_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "services: {x: {}}", "b.yaml": "\nservices:\n  x: {}"})
    with pytest.raises(ConfigFileError, match=r"b\.yaml, line 3: services\.x: is also in .*a\.yaml, line 1; remove"):
        load_catalog(tmp_path)


def test_places_without_anything_to_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="there is no YAML file in this folder"):
        load_catalog(tmp_path)
    with pytest.raises(ConfigFileError, match="no file matches"):
        load_catalog(tmp_path / "*.yaml")
