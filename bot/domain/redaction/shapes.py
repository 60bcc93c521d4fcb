"""Tokens that vendors made to be recognised, after their public pages (docs/redaction.md names them)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bot.domain.redaction.randomness import has_three_classes, is_drawn, is_drawn_lower, is_hex, is_uuid
from bot.domain.redaction.span import Kind, Span


class Shape(NamedTuple):
    marks: tuple[str, ...]  # one of them stands in every such token: a quick look tells that there is none
    pattern: re.Pattern[str]
    drawn: bool = False  # the shape alone is too common: upper, lower case and digits must all be there
    kind: Kind = Kind.VENDOR_TOKEN


def _shape(pattern: str, *marks: str, drawn: bool = False, kind: Kind = Kind.VENDOR_TOKEN) -> Shape:
    return Shape(marks, re.compile(rf"(?<![A-Za-z0-9]){pattern}", re.ASCII), drawn, kind)


SHAPES = (
    _shape(r"gh[pousr]_[\w.\-]{20,1000}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _shape(r"github_pat_\w{36,255}", "github_pat_"),
    _shape(r"GR1348941[\w-]{20}", "GR1348941"),
    _shape(r"xox[a-z](?:\.xox[a-z])?-[\w-]{10,300}", "xox"),
    _shape(r"(?:xapp|xwfp)-\d-?[\w-]{10,300}", "xapp-", "xwfp-"),
    _shape(r"[sr]k_(?:live|test|prod)_\w{16,250}", "k_live_", "k_test_", "k_prod_"),
    _shape(r"whsec_[\w+/=-]{20,120}", "whsec_"),
    _shape(r"SK[0-9a-f]{32}(?!\w)", "SK"),
    _shape(r"SG\.[\w-]{16,64}\.[\w-]{30,100}", "SG."),
    _shape(r"npm_[A-Za-z0-9]{30,80}", "npm_"),
    _shape(r"pypi-[\w-]{40,400}", "pypi-"),
    _shape(r"NR(?:AK|II|JS|RA|AA|BR)-[\w-]{19,50}", "NRAK-", "NRII-", "NRJS-", "NRRA-", "NRAA-", "NRBR-"),
    _shape(r"[0-9a-f]{30,40}NRAL(?!\w)", "NRAL"),
    _shape(r"sk-ant-[\w-]{20,250}", "sk-ant-"),
    _shape(r"sk-[\w-]{20,300}", "sk-", drawn=True),
    _shape(r"hf_[A-Za-z0-9]{30,60}", "hf_"),
    _shape(r"api_org_[A-Za-z0-9]{30,60}", "api_org_"),
    Shape((":AA",), re.compile(r"(?<!\d)\d{8,10}:AA[\w-]{32,34}(?![\w-])", re.ASCII)),
    _shape(r"mfa\.[\w-]{80,90}", "mfa."),
    _shape(r"shp[a-z]{2,3}_[0-9a-fA-F]{32}", "shp"),
    _shape(r"EAAA[\w-]{55,80}", "EAAA"),
    _shape(r"sq0[a-z]{3}-[\w-]{22,60}", "sq0"),
    _shape(r"(?:pub)?key-[0-9a-f]{32}(?!\w)", "key-"),
    _shape(r"hv[sbr]\.[\w-]{20,300}", "hvs.", "hvb.", "hvr."),
    _shape(r"s\.[A-Za-z0-9]{24}(?![\w.])", "s.", drawn=True),
    _shape(r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{55,90}", ".atlasv1."),
    _shape(r"glc_[\w+/=-]{32,400}", "glc_"),
    _shape(r"glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}", "glsa_"),
    _shape(r"eyJrIjoi[A-Za-z0-9+/=]{50,400}", "eyJrIjoi"),
    _shape(r"sntry[a-z]{1,2}_[\w+/=-]{40,400}", "sntry"),
    _shape(r"u\+[\w-]{18}(?![\w-])", "u+"),
    _shape(r"lin_(?:api|oauth)_[A-Za-z0-9]{32,80}", "lin_"),
    _shape(r"ntn_[A-Za-z0-9]{40,60}", "ntn_"),
    _shape(r"secret_[A-Za-z0-9]{43}(?!\w)", "secret_"),
    _shape(r"AT(?:ATT3|CTT3|STT3)[\w=+/-]{50,300}", "ATATT3", "ATCTT3", "ATSTT3"),
    _shape(r"ATBB[A-Za-z0-9]{28,40}", "ATBB"),
    _shape(r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}", "PMAK-"),
    _shape(r"(?:dapi|dkea|dose)[0-9a-f]{32}(?:-\d)?(?!\w)", "dapi", "dkea", "dose"),
    _shape(r"dp\.[a-z]{2,5}\.[\w.-]{30,80}", "dp."),
    _shape(r"AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]{1,20})-[0-9A-Z]{20,120}", "AGE-"),
    _shape(r"do[opr]_v1_[0-9a-f]{64}", "_v1_"),
    _shape(r"HRKU-[\w-]{20,80}", "HRKU-"),
    _shape(r"cf(?:k|ut|at)_\w{40,60}", "cfk_", "cfut_", "cfat_"),
    _shape(r"v1\.0-[0-9a-f]{24}-[0-9a-f]{120,160}", "v1.0-"),
    _shape(r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])", "AKIA", "ASIA", "ABIA", "ACCA"),
    _shape(r"pul-[0-9a-f]{40}(?!\w)", "pul-"),
    _shape(r"rubygems_[0-9a-f]{48}", "rubygems_"),
    _shape(r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}", "pat"),
    _shape(r"dt0[a-z]\d\d\.[A-Z0-9]{20,30}\.[A-Z0-9]{60,70}", "dt0"),
    _shape(r"sbp_[0-9a-f]{40}", "sbp_"),
    _shape(r"bk[a-z]{2}_[0-9a-f]{40}", "bk"),
    _shape(r"sq[upa]_[0-9a-f]{40}", "squ_", "sqp_", "sqa_"),
    _shape(r"CLOJARS_[a-z0-9]{60}", "CLOJARS_"),
    _shape(r"pn[ub]_[A-Za-z0-9]{36}", "pnu_", "pnb_"),
    _shape(r"rdme_[a-z0-9]{70}", "rdme_"),
    _shape(r"rtd_[a-z0-9]{40,60}", "rtd_"),
    _shape(r"EZ[AT]K[A-Za-z0-9]{54}", "EZAK", "EZTK"),
    _shape(r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", "lsv2_"),
    _shape(r"sg[pd]_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}", "sgp_", "sgd_"),
    _shape(r"hc[abx][a-z]k_[a-z0-9]{58}", "hc"),
    _shape(r"xa[ap]t-[0-9a-f]{8}-[0-9a-f-]{27}", "xaat-", "xapt-"),
    _shape(r"pat-(?:na|eu|ap)\d-[0-9a-f]{8}-[0-9a-f-]{27}", "pat-"),
    _shape(r"oy2[a-z2-7]{43}(?!\w)", "oy2"),
    _shape(r"EAA[A-Z][A-Za-z0-9]{90,300}", "EAA"),
    _shape(r"LTAI[A-Za-z0-9]{16,20}(?!\w)", "LTAI"),
    _shape(r"AKCp[A-Za-z0-9]{60,75}", "AKCp"),
    _shape(r"p8e-[a-z0-9A-Z]{32}", "p8e-"),
    _shape(r"A3-[A-Z0-9]{6}-[A-Z0-9]{6}-?[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}", "A3-"),
    _shape(r"ops_eyJ[A-Za-z0-9+/=_-]{100,2000}", "ops_eyJ"),
    _shape(r"rzp_(?:live|test)_[A-Za-z0-9]{14,24}", "rzp_"),
    _shape(r"fio-u-[\w=-]{60,70}", "fio-u-"),
    _shape(r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}", "xkeysib-"),
    _shape(r"(?:FLWSECK|FLWPUBK)(?:_TEST)?-[0-9a-fA-F]{12,32}-X", "FLWSECK", "FLWPUBK"),
    _shape(r"shippo_(?:live|test)_[0-9a-f]{40}", "shippo_"),
    _shape(r"amzn\.mws\.[0-9a-f-]{36}", "amzn.mws."),
    _shape(r"ZXlKaGJHY2lPaU[A-Za-z0-9+/=_-]{40,8000}", "ZXlKaGJHY2lPaU"),  # a web token in base64 once more
    _shape(r"ABSK[A-Za-z0-9+/=]{60,400}", "ABSK"),
    _shape(r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz)[A-Za-z0-9+/=%]{60,3000}", "IQoJb3JpZ2lu", "FwoGZXIvYXdz"),
    _shape(r"AIza[\w-]{35}", "AIza"),
    _shape(r"ya29\.[\w.-]{20,2000}", "ya29."),
    _shape(r"1//0[\w-]{40,200}", "1//0"),
    _shape(r"GOCSPX-[\w-]{20,40}", "GOCSPX-"),
    _shape(r"[\w~.]{3}\dQ~[\w~.-]{31,34}", "Q~"),
    _shape(r"[A-Za-z0-9+/]{40,90}(?:AZDO|ACDb|ASt|AzFu|AzCa|AzSe|ASbT|AEhG|APIM)[A-Za-z0-9+/=]{4,8}(?![\w/+])",
           "AZDO", "ACDb", "+ASt", "AzFu", "AzCa", "AzSe", "ASbT", "AEhG", "APIM", drawn=True),
)  # fmt: skip

# Whose beginnings are too common to look for: they are tried where a long word begins.
WORD_SHAPES = (
    _shape(r"gl(?:pat|dt|rt|rtr|cbt|ptt|ft|ffct|imt|agent|soat|oas|wt)-[\w-]{20,300}(?:\.[\w.-]{2,40})?"),
    _shape(r"[MNO][A-Za-z0-9_-]{22,28}\.[\w-]{6}\.[\w-]{27,45}(?![\w-])", drawn=True),
    _shape(r"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![\w-])"),
    _shape(r"00[\w-]{40}(?![\w-])", drawn=True),
)

_WEBHOOKS = (
    Shape(("hooks.slack.com",), re.compile(r"(?<=hooks\.slack\.com/)[a-z]{6,12}/[\w/-]{10,200}", re.ASCII)),
    Shape(("/api/webhooks/",), re.compile(r"(?<=/api/webhooks/)\d{6,25}/[\w-]{20,100}", re.ASCII)),
    Shape(("webhook.office.com", "outlook.office.com"), re.compile(r"(?<=office\.com/)webhook\w*/[\w@/-]{20,300}")),
    Shape(("webhook", "hooks."), re.compile(r"(?<=/)[A-Za-z0-9_-]{20,200}(?=[\s\"'<>?,;)]|$)", re.ASCII), True),
)
WEBHOOKS = tuple(shape._replace(kind=Kind.WEBHOOK) for shape in _WEBHOOKS)

# A prefix of the vendor's and a drawn rest, of vendors that are not listed above.
_TELLING = frozenset(
    {"sk", "rk", "pat", "tkn", "tok", "token", "key", "apikey", "api", "secret", "live", "auth", "oauth", "access"}
    | {"refresh", "svc", "pt", "st", "sat", "pk", "rt", "at", "bot", "admin", "personal", "skey", "sec", "tskey", "aat"}
)
_IDENTIFIERS = frozenset(
    {"id", "req", "request", "trace", "span", "etag", "sha", "sha256", "sha1", "md5", "blob", "msg", "evt", "event"}
    | {"session", "cursor", "node", "pod", "container", "image", "build", "run", "job", "commit", "digest", "chunk"}
    | {"file", "object", "upload", "part", "thread", "chatcmpl", "resp", "call", "toolu", "txn", "order", "cus", "pi"}
    | {"ch", "in", "sub", "acct", "seti", "pm", "cs", "corr", "correlation", "flow", "batch", "lease", "lock", "hash"}
    | {"cid", "uid", "uuid", "key", "index", "shard", "segment", "snap", "snapshot", "ami", "vol", "subnet", "eni"}
)
_SIGNS = re.compile(r"[^A-Za-z0-9]+")
_LEAST_PREFIX, _LONGEST_PREFIX = 2, 30
_UNKNOWN_PREFIX_REST = 30  # drawn characters after a prefix that tells nothing; vendors' ids have up to 26 (ULID)
_TELLING_HEX = 32


_LONG = re.compile(r"[\w\-~]{14}", re.ASCII)  # characters without a break that every token has
_BY_MARK = tuple((mark, shape) for shape in (*SHAPES, *WEBHOOKS) for mark in shape.marks)


def vendor_tokens(text: str) -> Iterator[Span]:
    if not _LONG.search(text):
        return
    for shape in dict.fromkeys([shape for mark, shape in _BY_MARK if mark in text]):
        for found in shape.pattern.finditer(text):
            if not shape.drawn or _is_disordered(found[0]):
                yield Span(found.start(), found.end(), shape.kind)


def token_at(text: str, start: int) -> int:
    """Where the token ends that begins at `start`, the beginning of a long word; -1 where none does."""
    for shape in WORD_SHAPES:
        found = shape.pattern.match(text, start)
        if found and (not shape.drawn or _is_disordered(found[0])):
            return found.end()
    return -1


def is_prefixed_token(word: str) -> bool:
    """`word` reads as some vendor's prefix and a drawn rest."""
    heads = list[str]()
    for sign in _SIGNS.finditer(word, 1, _LONGEST_PREFIX):
        begun = len("-".join(heads)) + (1 if heads else 0)
        head = word[begun : sign.start()]
        if head and not head.isdigit() and not head.islower() and not head.isupper():
            return False
        heads.append(head.lower())
        if _is_drawn_rest(heads, word[sign.end() :]):
            return True
    return False


def _is_drawn_rest(heads: list[str], rest: str) -> bool:
    if not _TELLING.isdisjoint(heads):
        long_hex = is_hex(rest) and len(rest) >= _TELLING_HEX
        return long_hex or is_uuid(rest) or is_drawn(rest, 16) or is_drawn_lower(rest)
    if len(heads[0]) < _LEAST_PREFIX or not heads[0][0].isalpha() or not _IDENTIFIERS.isdisjoint(heads):
        return False
    return is_drawn(rest, _UNKNOWN_PREFIX_REST)


def _is_disordered(word: str) -> bool:
    """Some stretch of it between signs, or all of it without them, is drawn: no chain of words."""
    if not has_three_classes(word):
        return False
    parts = _SIGNS.split(word)
    return is_drawn("".join(parts), 16) or any(is_drawn(part, 8) or is_drawn_lower(part, 16) for part in parts)
