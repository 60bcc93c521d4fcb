"""What a change touches, told from the names of its files alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from bot.domain.terms import words

SHORTEST_WORD = 4  # letters of a part of an endpoint that is looked for in names of files
MOST_TEXT = 4_000  # characters of an alert's text that are searched


class Touch(StrEnum):
    """What deserves a look, the most telling first; reads after "touches"."""

    FAILING_PATH = "the failing path"
    MIGRATION = "database migration"
    CONFIGURATION = "configuration"
    FEATURE_FLAGS = "feature flags"
    DEPENDENCIES = "dependencies"
    INFRASTRUCTURE = "infrastructure"
    PIPELINE = "build pipeline"
    HARMLESS = "only tests and documentation"


@dataclass(frozen=True, kw_only=True)
class Touched:
    touch: Touch
    files: tuple[str, ...]  # in the order given


def touches(files: Sequence[str], *, failing: frozenset[str] = frozenset(), is_all: bool = True) -> tuple[Touched, ...]:
    """In the order of `Touch`. `failing`: see `failing_words`. `is_all`: False where not all files are known."""
    kinds = {file: kind_of(file) for file in files}
    found: dict[Touch, list[str]] = {touch: [] for touch in Touch}
    for file, kind in kinds.items():
        if kind is not Touch.HARMLESS and is_on_path(file, failing):
            found[Touch.FAILING_PATH].append(file)
        if kind is not None:
            found[kind].append(file)
    if not is_all or len(found[Touch.HARMLESS]) < len(kinds):
        found[Touch.HARMLESS] = []
    return tuple(Touched(touch=touch, files=tuple(names)) for touch, names in found.items() if names)


# --- kinds of files ---------------------------------------------------------------------------------------------------


def kind_of(file: str) -> Touch | None:
    """None for what is plainly code, or not known."""
    path = file.strip("/").lower()
    return next((touch for touch, pattern in _KINDS if pattern.search(path)), None)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


# Paths are in lower case and relative. A file is of the first kind that fits.
_KINDS = (
    (Touch.PIPELINE, _any(
        r"^\.github/(?:workflows|actions)/", r"^\.(?:circleci|buildkite|tekton|woodpecker|teamcity)/",
        r"(?:^|/)(?:\.gitlab-ci[^/]*|\.travis|\.drone|azure-pipelines[^/]*|bitbucket-pipelines|cloudbuild[^/]*"
        r"|appveyor|buildspec[^/]*)\.(?:ya?ml|json)$",
        r"(?:^|/)jenkinsfile[^/]*$", r"(?:^|/)\.gitlab/ci/",
    )),
    (Touch.HARMLESS, _any(
        r"(?:^|/)(?:tests?|specs?|__tests__|__mocks__|testdata|test-data|fixtures|e2e|cypress|docs?)/",
        r"(?:^|/)(?:test_[^/]*|conftest)\.py$", r"_test\.(?:go|py|rb|exs?|cc|cpp)$", r"_spec\.rb$",
        r"\.(?:test|spec|stories)\.[cm]?[jt]sx?$", r"(?:^|/)[^/]*tests?\.(?:java|kt|scala|cs|swift|php)$",
        r"\.(?:md|mdx|rst|adoc|png|jpe?g|gif|drawio|puml)$",
        r"(?:^|/)(?:license|licence|notice|authors|codeowners|changelog|changes|readme|contributing)(?:\.(?:txt|html))?$",
        r"(?:^|/)\.(?:gitignore|gitattributes|editorconfig|pre-commit-config\.ya?ml|eslintrc[^/]*|prettierrc[^/]*"
        r"|eslintignore|prettierignore|flake8|pylintrc|rubocop\.ya?ml|golangci\.ya?ml|mailmap)$",
        r"(?:^|/)(?:mkdocs|codecov|\.codecov|\.readthedocs)\.ya?ml$", r"^\.github/",
    )),
    (Touch.MIGRATION, _any(
        r"(?:^|/)(?:db_?)?migrations?/(?!__init__\.py$)[^/]",
        r"(?:^|/)(?:db|database)/(?:migrate|changelogs?|versions)/",
        r"(?:^|/)alembic/versions/", r"(?:^|/)(?:flyway|liquibase)/",
        r"(?:^|/)(?:[vu]\d[\d._]*|r)__[^/]+\.(?:sql|java|kt)$", r"\.(?:up|down)\.sql$",
        r"(?:^|/)(?:db\.)?changelog[^/]*\.(?:xml|ya?ml|json|sql)$", r"(?:^|/)\d{8,}[_-][^/]+\.sql$",
        r"(?:^|/)(?:schema|structure)\.(?:sql|rb|prisma)$", r"(?:^|/)(?:schema|ddl)/[^/]+\.sql$",
    )),
    (Touch.DEPENDENCIES, _any(
        r"(?:^|/)(?:[^/]*requirements[^/]*|constraints)\.(?:txt|in)$", r"(?:^|/)requirements/[^/]+\.(?:txt|in)$",
        r"(?:^|/)(?:pyproject\.toml|poetry\.lock|pdm\.lock|uv\.lock|pylock[^/]*\.toml|pipfile(?:\.lock)?|setup\.(?:py|cfg)"
        r"|environment\.ya?ml|conda-lock\.ya?ml)$",
        r"(?:^|/)(?:package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-(?:lock|workspace)\.yaml|bun\.lockb?"
        r"|deno\.lock|bower\.json)$",
        r"(?:^|/)go\.(?:mod|sum|work|work\.sum)$", r"(?:^|/)vendor/modules\.txt$", r"(?:^|/)cargo\.(?:toml|lock)$",
        r"(?:^|/)(?:gemfile(?:\.lock)?|gems\.(?:rb|locked)|[^/]+\.gemspec)$", r"(?:^|/)composer\.(?:json|lock)$",
        r"(?:^|/)(?:pom\.xml|build\.gradle(?:\.kts)?|settings\.gradle(?:\.kts)?|gradle\.lockfile|build\.sbt)$",
        r"(?:^|/)(?:[^/]*\.versions\.toml|gradle-wrapper\.properties|dependencies\.(?:scala|kt|gradle))$",
        r"(?:^|/)(?:packages\.config|packages\.lock\.json|directory\.packages\.props|[^/]+\.(?:cs|fs|vb)proj"
        r"|paket\.(?:dependencies|lock)|global\.json)$",
        r"(?:^|/)(?:mix\.(?:exs|lock)|rebar\.(?:config|lock)|pubspec\.(?:yaml|lock)|package\.(?:swift|resolved)"
        r"|podfile(?:\.lock)?|stack\.yaml(?:\.lock)?|conanfile\.(?:txt|py)|vcpkg\.json|flake\.lock|module\.bazel"
        r"(?:\.lock)?|chart\.lock)$",
        r"(?:^|/)\.(?:python|node|ruby|java|tool)-versions?$", r"(?:^|/)\.nvmrc$",
    )),
    (Touch.FEATURE_FLAGS, _any(
        r"(?:^|[/_.-])feature[_-]?(?:flag|toggle|gate|switch)(?:e?s)?(?:[/_.-]|$)",
        r"(?:^|/)(?:flags|toggles|features|experiments)\.(?:ya?ml|json|toml)$",
        r"(?:^|/)(?:flags|toggles|experiments)/[^/]+\.(?:ya?ml|json|toml)$",
        r"(?:^|[/_.-])(?:launchdarkly|unleash|flagd|flipt|growthbook|optimizely)(?:[/_.-]|$)",
    )),
    (Touch.INFRASTRUCTURE, _any(
        r"(?:^|/)(?:[^/]+\.)?(?:dockerfile|containerfile)(?:\.[^/]+)?$", r"(?:^|/)\.dockerignore$",
        r"(?:^|/)(?:docker-)?compose[^/]*\.ya?ml$", r"\.(?:tf|tfvars|hcl|nomad|bicep|pkr\.hcl)(?:\.json)?$",
        r"(?:^|/)(?:chart|kustomization|helmfile|skaffold|serverless|cdk|samconfig|fly|render|app)\.(?:ya?ml|toml|json)$",
        r"(?:^|/)values[^/]*\.ya?ml$", r"(?:^|/)pulumi[^/]*\.ya?ml$",
        r"(?:^|/)(?:helm|charts?|k8s|kubernetes|kube|kustomize|manifests|overlays|terraform|terragrunt|ansible|playbooks"
        r"|cloudformation|argocd|flux|istio|deploy(?:ments?)?|infra(?:structure)?)/.*\.(?:ya?ml|json|tpl|j2|sh|conf|toml)$",
        r"(?:^|/)(?:nginx|haproxy|envoy|traefik|varnish|supervisord|systemd)[^/]*\.(?:conf|cfg|ya?ml|toml|vcl)$",
        r"(?:^|/)(?:procfile|vagrantfile|caddyfile)$", r"\.service$",
    )),
    (Touch.CONFIGURATION, _any(
        r"\.(?:ya?ml|ini|conf|cfg|cnf|properties|toml|env|xcconfig)$", r"(?:^|/)\.env(?:\.[^/]+)?$",
        r"(?:^|/)(?:config|configs|configuration|conf|conf\.d|settings|environments)/",
        r"(?:^|/)(?:appsettings|application|app|runtime|web|settings|config)[^/]*\.(?:json|xml|config)$",
        r"(?:^|/)(?:settings|config|configuration|constants|defaults)\.[a-z]+$", r"\.config\.[cm]?[jt]s$",
    )),
)  # fmt: skip


# --- the failing path -------------------------------------------------------------------------------------------------

# Labels that name the part of a service that an alert is about.
PATH_LABELS = (
    "path", "handler", "route", "endpoint", "uri", "url", "url_path", "http_route", "http_target", "http_path",
    "request_path", "grpc_method", "grpc_service", "rpc_method", "rpc_service", "operation", "operation_name",
    "transaction", "resource", "resource_name", "view", "controller", "action", "function", "queue", "topic", "task",
)  # fmt: skip
_GENERIC = """
api apis rest rpc http https grpc graphql web www app apps main index default internal external public private v1 v2
v3 v4 src lib libs pkg cmd code core common shared util utils helper helpers base server service services client
handler handlers controller controllers view views route routes router endpoint endpoints model models module
modules resource resources package packages impl java kotlin scala python node com org net get post put patch delete
head list create update read find query search count total status state health healthz ready readyz live livez ping
metrics admin user users item items data type types test tests error errors failed failure timeout slow high low
"""
_ADDRESS = re.compile(r"\b[a-z][a-z+.-]*://\S+", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w:/.])(?:/[\w.{}:*-]+)+")
_FILE = re.compile(r"\b[\w-]+\.(?:py|go|js|ts|tsx|rb|java|kt|rs|php|cs|scala|ex|c|cc|cpp|sql)\b")
_SNAKE = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_CAMEL = re.compile(r"\b[A-Z]?[a-z0-9]+(?:[A-Z][a-z0-9]+)+\b")
_NO_WORD = re.compile(r"\{.*\}|:.*|\*+|[0-9a-f-]{8,}|\d+")  # a parameter or an id in the place of a part


def failing_words(labels: Mapping[str, str], texts: Iterable[str], names: Iterable[str] = ()) -> frozenset[str]:
    """What files of the failing part may be called, as `is_on_path` wants it.

    Whole endpoints and their parts from the labels; from texts only what looks like a path, a file or an identifier,
    since plain words of an alert are in too many names. `names`: the service and its repository, which stand in the
    names of all their files.
    """
    found: set[str] = set()
    for label in PATH_LABELS:
        found |= _parts(_ADDRESS.sub(_path_of, labels.get(label, "")))
    for text in texts:
        told = _ADDRESS.sub(" ", text[:MOST_TEXT])
        for path in _PATH.findall(told):
            found |= _parts(path)
        whole = [name.rpartition(".")[0] for name in _FILE.findall(told)]
        found |= {_joined(name) for name in (*whole, *_SNAKE.findall(told), *_CAMEL.findall(told))}
    own = {part for name in names for part in (_joined(name), *map(_singular, words(name)))}
    return frozenset(word for word in found if len(word) >= SHORTEST_WORD and word not in _OF_EVERY_PATH | own)


def is_on_path(file: str, failing: frozenset[str]) -> bool:
    """Whether a part of its name is one of those words."""
    if not failing:
        return False
    path = PurePosixPath(file)
    parts = (*path.parts[:-1], path.name.split(".")[0])
    return any(_joined(part) in failing or any(_singular(w) in failing for w in words(part)) for part in parts)


def _path_of(address: re.Match[str]) -> str:
    """The path of an address, without its host and what follows the question mark."""
    return "/" + address[0].partition("://")[2].partition("/")[2].partition("?")[0]


def _parts(text: str) -> set[str]:
    found: set[str] = set()
    for part in re.split(r"[/\s?#&=.,]+", text.strip()):
        if part and not _NO_WORD.fullmatch(part):
            found |= {_joined(part), *map(_singular, words(part))}
    return found


def _joined(name: str) -> str:
    """apply_discount, apply-discount and ApplyDiscount are one name."""
    return _singular("".join(words(name)))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > SHORTEST_WORD and word.endswith("s") and not word.endswith("ss") else word


_OF_EVERY_PATH = frozenset(map(_singular, _GENERIC.split()))
