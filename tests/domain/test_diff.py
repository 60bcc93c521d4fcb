"""What a change touches, by the names that people give their files."""

from __future__ import annotations

import pytest

from bot.domain.diff import Touch, failing_words, is_on_path, kind_of, touches

KINDS = {
    Touch.MIGRATION: """
        db/migrate/20260304101010_add_points.rb  migrations/0042_points.py  shop/migrations/0007_auto.py
        alembic/versions/9f3b_add_index.py  src/main/resources/db/migration/V12__orders.sql  sql/V2_1__fix.sql
        prisma/migrations/20260101_init/migration.sql  db/changelog/db.changelog-master.yaml  schema.rb
        migrations/000012_orders.up.sql  R__views.sql  db/structure.sql  liquibase/changelog.xml
    """,
    Touch.DEPENDENCIES: """
        requirements.txt  requirements-dev.txt  requirements/base.in  poetry.lock  uv.lock  pyproject.toml
        Pipfile.lock
        package.json  web/package-lock.json  yarn.lock  pnpm-lock.yaml  go.mod  go.sum  Cargo.lock  Gemfile.lock
        pom.xml  build.gradle.kts  gradle/libs.versions.toml  composer.lock  Shop.csproj  mix.lock  .python-version
        build.sbt
    """,
    Touch.PIPELINE: """
        .github/workflows/deploy.yml  .github/actions/build/action.yml  .gitlab-ci.yml  Jenkinsfile
        .circleci/config.yml  azure-pipelines.yml  bitbucket-pipelines.yml  .buildkite/pipeline.yml  cloudbuild.yaml
    """,
    Touch.INFRASTRUCTURE: """
        Dockerfile  docker/api.Dockerfile  Dockerfile.prod  docker-compose.yml  compose.yaml  main.tf  prod.tfvars
        charts/checkout/values.yaml  helm/templates/deployment.yaml  k8s/checkout.yaml  kustomization.yaml  Procfile
        deploy/production/ingress.yaml  terragrunt.hcl  nginx.conf  Chart.yaml  values-prod.yaml  ansible/site.yml
    """,
    Touch.FEATURE_FLAGS: """
        feature_flags.yaml  config/feature-flags.json  src/FeatureFlags/loyalty.ts  flags/checkout.yaml
        app/features.yml  launchdarkly/flags.json  lib/feature_toggles.rb
    """,
    Touch.CONFIGURATION: """
        config/production.yaml  settings.py  src/main/resources/application.yml  application-prod.properties  .env
        .env.production  appsettings.Production.json  conf/app.conf  config.go  my.cnf  checkout/limits.toml
        next.config.js  constants.py
    """,
    Touch.HARMLESS: """
        README.md  docs/index.rst  tests/test_api.py  test_api.py  api_test.go  src/api.spec.ts
        src/test/java/ApiTest.java  spec/api_spec.rb  LICENSE  .gitignore  CODEOWNERS  mkdocs.yml
        .github/dependabot.yml  tests/migrations/0001.py
        docs/config/example.yaml  .editorconfig
    """,
}
CODE = "checkout/api.py cmd/flags.go src/main.rs app/models/order.rb web/src/App.tsx queries/users.sql lib/latest.py"


@pytest.mark.parametrize(("kind", "names"), KINDS.items(), ids=[kind.name for kind in KINDS])
def test_files_are_known_by_their_names(kind: Touch, names: str) -> None:
    wrong = {name: kind_of(name) for name in names.split() if kind_of(name) is not kind}
    assert not wrong


def test_code_is_of_no_kind() -> None:
    assert {name: kind_of(name) for name in CODE.split()} == dict.fromkeys(CODE.split())


def test_what_is_touched_comes_in_the_order_of_interest_with_its_files() -> None:
    files = ["go.sum", "api/loyalty.go", "Dockerfile", "migrations/2_x.sql", "go.mod", "README.md"]
    found = touches(files, failing=frozenset({"loyalty"}))
    assert [(item.touch, item.files) for item in found] == [
        (Touch.FAILING_PATH, ("api/loyalty.go",)),
        (Touch.MIGRATION, ("migrations/2_x.sql",)),
        (Touch.DEPENDENCIES, ("go.sum", "go.mod")),
        (Touch.INFRASTRUCTURE, ("Dockerfile",)),
    ]


def test_a_change_of_tests_and_documentation_alone_is_said_to_be_one() -> None:
    files = ["README.md", "tests/test_loyalty.py"]
    assert [item.touch for item in touches(files, failing=frozenset({"loyalty"}))] == [Touch.HARMLESS]
    assert touches(files, is_all=False) == (), "there may be more files than these"
    assert touches([*files, "api.py"]) == ()
    assert touches([]) == ()


LABELS = [
    ({"path": "/api/v1/loyalty/{id}"}, "checkout/loyalty.py"),
    ({"handler": "/cart/apply-discount"}, "src/ApplyDiscount.java"),
    ({"route": "POST /vouchers/:code/redeem"}, "app/services/voucher_redeemer.rb"),
    ({"grpc_method": "shop.v1.Quotes/GetQuote"}, "internal/quote/server.go"),
    ({"url": "https://shop.example/returns/42?x=1"}, "returns/views.py"),
    ({"topic": "order-events"}, "consumers/order_events.py"),
]


@pytest.mark.parametrize(("labels", "file"), LABELS)
def test_endpoints_of_labels_lead_to_files(labels: dict[str, str], file: str) -> None:
    assert is_on_path(file, failing_words(labels, ()))


TEXTS = [
    ("5xx on /loyalty/points", "checkout/loyalty.py"),
    ("AttributeError in apply_discount()", "checkout/apply_discount.py"),
    ("LoyaltyLedger throws", "src/loyalty_ledger.rb"),
    ("see loyalty.py line 7", "shop/loyalty.py"),
]


@pytest.mark.parametrize(("text", "file"), TEXTS)
def test_paths_files_and_identifiers_of_the_text_lead_to_files(text: str, file: str) -> None:
    assert is_on_path(file, failing_words({}, (text,)))


@pytest.mark.parametrize(
    ("labels", "text", "file"),
    [
        ({}, "Checkout answers with errors since the deployment", "checkout/answers.py"),  # plain words
        ({"path": "/checkout"}, "", "checkout/cart.py"),  # the service's own name is in all its files
        ({"path": "/api/v1/users/123"}, "", "api/v1/users.py"),  # of every path
        ({"endpoint": "http-metrics"}, "", "http/metrics.go"),  # a port's name
        ({"path": "/9f8e7d6c5b4a/x"}, "", "lib/9f8e7d6c5b4a.py"),  # an id
        ({}, "runbook: https://wiki.example/loyalty/steps", "loyalty.py"),  # an address of something else
        ({"path": "/loyalty"}, "", "tests.py"),
    ],
)
def test_words_that_lead_everywhere_lead_nowhere(labels: dict[str, str], text: str, file: str) -> None:
    assert not is_on_path(file, failing_words(labels, (text,), ("checkout",)))


def test_a_hostile_text_costs_no_time() -> None:
    text = "/" * 200_000 + "_a" * 200_000
    assert failing_words({"path": text[:20_000]}, (text,)) == frozenset()
    assert kind_of("a/" * 20_000 + "b" * 20_000) is None
