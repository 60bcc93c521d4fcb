"""Mistakes that people make in runbooks: each is one change of a file without any."""

from __future__ import annotations

GOOD = """\
id: restart
title: Restart it
owner: payments-team
trigger:
  alerts: [HighMemory]
  severities: [SEV1]
  labels: {cluster: "prod-*"}
  when: metrics.exists(m, m.kind == "saturation" && m.now > 0.9)
parameters:
  namespace: {type: string, matches: "[a-z-]+", default: "{{ incident.labels.namespace }}"}
  replicas: {type: int, min: 1, max: 5, default: 2}
steps:
  - id: pods
    title: Look
    action: kubectl.get
    parameters: {namespace: "{{ parameters.namespace }}", kind: pods}
    output: {values: [names]}
    retries: 2
  - id: dump
    title: Dump
    if: size(steps.pods.names) > 0
    action: exec
    parameters: {program: df, options: [-h], arguments: ["{{ steps.pods.names | first }}"]}
    output: {number: used}
  - id: change
    title: Change
    action: kubectl.scale
    parameters: {namespace: "{{ parameters.namespace }}", name: shop, replicas: "{{ parameters.replicas }}"}
    verify: {metric: up, holds: result.value > 0, within: 2m}
    rollback: {action: kubectl.rollout_undo, parameters: {namespace: shop, name: shop}}
"""
LAST = "    rollback: {action: kubectl.rollout_undo, parameters: {namespace: shop, name: shop}}\n"
VERIFY = "verify: {metric: up, holds: result.value > 0, within: 2m}"
REPLICAS = "{type: int, min: 1, max: 5, default: 2}"
NAMESPACE = '{type: string, matches: "[a-z-]+", default: "{{ incident.labels.namespace }}"}'

# (what is replaced, by what (`#!` ends the line that must be named), what must be said of it)
BAD: dict[str, tuple[str, str, str | None]] = {
    # the file
    "no id": ("id: restart\n", "", r"line 1: id is missing; add `id: \.\.\.`"),
    "an id with a space": ("id: restart", "id: re start #!", r"'re start' is no id; write letters"),
    "an id with a path": ("id: restart", "id: ../etc #!", r"'\.\./etc' is no id"),
    "no title": ("title: Restart it\n", "", r"title is missing; add"),
    "a title that is a list": ("title: Restart it", "title: [a] #!", r"title: a text is expected"),
    "an unknown field": ("owner:", "ownr: x #!\nowner:", r"ownr: is not a known field; did you mean owner\?"),
    "a key twice": ("owner:", "owner: x\nowner:  #!", None),
    "a link that is none": ("owner: payments-team", "owner: a\nlink: ftp://x #!", r"begins with https://"),
    "bad YAML": ("owner: payments-team", "owner: [a", r"line \d+: .*check indentation, colons and quotes"),
    # the trigger
    "an unknown trigger": ("  alerts:", "  alert: x #!\n  alerts:", r"trigger\.alert: .*did you mean alerts\?"),
    "alerts as text": ("[HighMemory]", "HighMemory #!", r"trigger\.alerts: a list is expected"),
    "an unknown severity": ("[SEV1]", "[SEV9] #!", r"'SEV9' is not known; did you mean SEV\d\?"),
    "labels as a list": ('{cluster: "prod-*"}', "[a] #!", r"trigger\.labels: a mapping is expected"),
    "a condition that is no CEL": ("m.now > 0.9)", "m.now >> 0.9) #!", r"trigger\.when: is no CEL: at character \d+"),
    "a misspelt fact": (
        "m.now > 0.9",
        "m.noww > 0.9",
        r"line 8: .*metrics\.\*\.noww is not known here; .*metrics\.\*\.now\?",
    ),
    "an unknown fact": (
        "metrics.exists",
        "meters.exists",
        r"line 8: .*meters is not known here; did you mean metrics\?",
    ),
    "steps in the trigger": (
        'metrics.exists(m, m.kind == "saturation" && m.now > 0.9)',
        "steps.pods.succeeded #!",
        r"steps is not known here",
    ),
    "Python's `and`": ('"saturation" && m', '"saturation" and m', r"line 8: .*is no CEL: at character \d+, .*'and'"),
    # parameters
    "parameters as a list": (
        f"  namespace: {NAMESPACE}\n  replicas: {REPLICAS}\n",
        "  - a #!\n",
        r"parameters: a mapping is expected",
    ),
    "a parameter with a dash": (
        "  replicas: {",
        "  re-plicas: {",
        r"line 11: .*'re-plicas' is no name; write small letters",
    ),
    "no type": ("{type: int, min: 1", "{min: 1", r"line 11: parameters\.replicas: type is missing"),
    "an unknown type": ("{type: int,", "{type: integer,", r"line 11: .*'integer' is not known; did you mean int\?"),
    "a field of another type": ("{type: int,", "{type: int, matches: x,", r"line 11: .*matches: is not a known field"),
    "a text without a pattern": ('matches: "[a-z-]+", ', "", r"line 10: .*say what the text can be, as in `matches:"),
    "a pattern that is none": ("[a-z-]+", "[a-z", r"line 10: .*is no regular expression: .*write a simpler one"),
    "a pattern that never ends": ("[a-z-]+", "([a-z]+)+", r"line 10: .*repeats a repetition, .*write \(a\+\)\+ as a\+"),
    "a default above the limit": (
        "default: 2",
        "default: 9",
        r"line 11: .*default: must be at most 5, not 9; write a def",
    ),
    "a default of another type": ("default: 2", "default: two", r"line 11: .*must be a whole number, not 'two'"),
    "a default that does not match": (
        '"{{ incident.labels.namespace }}"',
        '"A B"',
        r"line 10: .*must look like \[a-z-\]\+",
    ),
    "a default from a step": ("incident.labels.namespace", "steps.pods.output", r"line 10: .*steps is not known here"),
    "a default from another parameter": (
        "incident.labels.namespace",
        "parameters.replicas",
        r"parameters is not known here",
    ),
    "a default that is no template": (
        "incident.labels.namespace }}",
        "incident.labels. }}",
        r"line 10: .*is no template",
    ),
    "min above max": ("min: 1, max: 5", "min: 9, max: 5", r"line 11: .*min: is above `max`"),
    "an enum without values": ("{type: int, min: 1, max: 5, default: 2}", "{type: enum} #!", r"values is missing; add"),
    "an enum with a value twice": (
        REPLICAS,
        "{type: enum, values: [a, a]} #!",
        r"values\[1\]: is empty or there twice",
    ),
    "an enum's default": (REPLICAS, "{type: enum, values: [a], default: b} #!", r"default: must be one of a, not 'b'"),
    "an unknown catalog": (
        REPLICAS,
        "{type: catalog, from: service} #!",
        r"'service' is not known; did you mean services\?",
    ),
    # steps
    "no steps": (GOOD[GOOD.index("steps:\n") :], "", r"steps are missing; add `steps:`"),
    "empty steps": (GOOD[GOOD.index("steps:\n") :], "steps: [] #!\n", r"steps are missing; add `steps:`"),
    "a step that is text": (GOOD[GOOD.index("  - id: pods") :], "  - look #!\n", r"steps\[0\]: a mapping is expected"),
    "an unknown field of a step": ("    retries: 2", "    retry: 2 #!", r"steps\[0\]\.retry: .*did you mean retries\?"),
    "a step without an id": (
        "  - id: pods\n    title",
        "  - title: x #!\n    command",
        r"id is missing; add `id: \.\.\.`, a name",
    ),
    "an id twice": ("id: dump", "id: pods #!", r"pods is the id of an earlier step too; give it another one"),
    "an id with a capital": ("id: dump", "id: Dump #!", r"'Dump' is no name; write small letters"),
    "an id that CEL knows": ("id: dump", "id: 'true' #!", r"'true' is no name"),
    "a step without an action": (
        "    action: exec\n"
        '    parameters: {program: df, options: [-h], arguments: ["{{ steps.pods.names | first }}"]}\n',
        "",
        r"line 19: steps\[1\]: action is missing, .*add `action: manual`",
    ),
    "an unknown action": (
        "kubectl.scale",
        "kubectl.scael #!",
        r"there is no action 'kubectl\.scael'; did you mean kubectl\.scale\?",
    ),
    "an action that is a template": (
        "kubectl.scale",
        '"{{ incident.id }}" #!',
        r"the action cannot be a template; write its name",
    ),
    "an unknown parameter": ("name: shop, replicas", "nme: shop, replicas", r"line 28: .*nme.*|name is missing"),
    "an extra parameter": (
        "kind: pods}",
        "kind: pods, kinds: x} #!",
        r"kinds: is not known; did you mean kind\? \(kubectl\.get\)",
    ),
    "a parameter that is missing": (
        ", kind: pods}",
        "} #!",
        r"kind is missing, which kubectl\.get needs; add `kind: \.\.\.`",
    ),
    "no parameters at all": (
        '    parameters: {namespace: "{{ parameters.namespace }}", kind: pods}\n',
        "",
        r"line 13: steps\[0\]: namespace is missing, which kubectl\.get needs",
    ),
    "a value of a wrong kind": (
        '"{{ parameters.replicas }}"',
        "many",
        r"line 28: .*must be a whole number, not 'many'",
    ),
    "a value above the action's limit": ('"{{ parameters.replicas }}"', "99", r"line 28: .*must be at most 50, not 99"),
    "a value that is not offered": ("kind: pods}", "kind: secrets} #!", r"must be one of pods, .*not 'secrets'"),
    "a list for a text": (
        "name: shop, replicas",
        "name: [shop], replicas",
        r"line 28: .*one value is expected here, not a list",
    ),
    "a text for a list": ("options: [-h]", "options: -h", r"line 23: .*options: must be a list, not '-h'"),
    "a template for a list": (
        "options: [-h]",
        'options: "{{ incident.id }}"',
        r"line 23: .*a list or mapping is needed",
    ),
    "an empty value": ("name: shop, replicas", "name: , replicas", r"line 28: .*is empty; write a value"),
    "a date": (
        "name: shop, replicas",
        "name: 2026-01-01, replicas",
        r'line 28: .*a date; write "2026-01-01" with quotes',
    ),
    "not a number": ('"{{ parameters.replicas }}"', ".nan", r"line 28: .*no number that can be used"),
    # names in templates
    "a misspelt parameter": (
        "{{ parameters.replicas",
        "{{ parameters.replica",
        r"line 28: .*did you mean parameters\.replicas\?",
    ),
    "an unknown root": (
        "{{ parameters.replicas",
        "{{ params.replicas",
        r"line 28: .*params is not known here; did you mean param",
    ),
    "a field of a text": (
        "{{ parameters.replicas",
        "{{ incident.id.x",
        r"line 28: .*incident\.id\.x is not known: incident\.id has no",
    ),
    "a whole mapping": (
        "{{ parameters.replicas",
        "{{ incident.alerts",
        r"line 28: .*incident\.alerts is a list; use `foreach`",
    ),
    "all parameters": (
        "{{ parameters.replicas",
        "{{ parameters",
        r"line 28: .*parameters is not a single value; it has",
    ),
    "an output that is not named": (
        "steps.pods.names | first",
        "steps.pods.name",
        r"line 23: .*did you mean steps\.pods\.names\?",
    ),
    "a step that is not there": (
        "steps.pods.names | first",
        "steps.pod.names",
        r"line 23: .*did you mean steps\.pods\?",
    ),
    "item without foreach": ("steps.pods.names | first", "item", r"line 23: .*item is not known here"),
    "a later step": (
        "steps.pods.names | first",
        "steps.change.output",
        r"line 23: .*steps\.change comes later, .*move that step",
    ),
    "the step itself": ("steps.pods.names | first", "steps.dump.output", r"line 23: .*steps\.dump is this very step"),
    "steps in a circle": (
        'parameters: {namespace: "{{ parameters.namespace }}", kind: pods}',
        'parameters: {namespace: "{{ steps.dump.summary }}", kind: pods} #!',
        r"steps pods and dump need each other; remove one",
    ),
    "what a skipped step gave": (
        "{{ parameters.replicas",
        "{{ steps.dump.used",
        r"line 28: .*may be absent, .*add `if: steps\.dump\.succ",
    ),
    # templates
    "a call": ("{{ parameters.replicas", "{{ parameters.replicas()", r"line 28: .*a call is not allowed in a template"),
    "a loop": (
        '"{{ parameters.replicas }}"',
        '"{% for a in incident.alerts %}{% endfor %}"',
        r"line 28: .*a loop is not allowed",
    ),
    "an unknown filter": (
        "parameters.replicas }}",
        "parameters.replicas | attr('x') }}",
        r"line 28: .*attr is not a filter of runbooks",
    ),
    "Python's insides": (
        "parameters.replicas }}",
        "parameters.__class__ }}",
        r"line 28: .*__class__ begins with an underscore",
    ),
    "an open brace": ("parameters.replicas }}", "parameters.replicas }", r"line 28: .*is no template"),
    "an include": ('"{{ parameters.replicas }}"', "\"{% include 'x' %}\"", r"line 28: .*is not allowed in a template"),
    "a template in a name": (
        "name: shop, replicas",
        '"{{ x }}": shop, replicas',
        r"line 28: .*a name cannot be a template|name is missing",
    ),
    "a template in a statement": (
        LAST,
        LAST + "  - id: q\n    title: Q\n    action: sql.query\n    parameters:\n      database: a\n"
        '      statement: "select {{ incident.id }}" #!\n',
        r"statement: must stand here as it is, without templates",
    ),
    "a template without end": (
        "{{ parameters.replicas }}",
        "{{ parameters.replicas" + " " * 5000 + "}}",
        r"line 28: .*4000 are allowed",
    ),
    # conditions
    "an `if` that is no CEL": ("size(steps.pods.names) > 0", "size(steps.pods.names > 0 #!", r"if: is no CEL"),
    "an `if` about nothing": (
        "size(steps.pods.names) > 0",
        "steps.pods.nmes == 'a' #!",
        r"did you mean steps\.pods\.names\?",
    ),
    "an unknown function": (
        "size(steps.pods.names) > 0",
        "count(steps.pods.names) > 0 #!",
        r"count\(\) is not known; the functions are",
    ),
    "a later step in an `if`": (
        "size(steps.pods.names) > 0",
        "steps.change.succeeded #!",
        r"steps\.change comes later",
    ),
    "loops in loops in loops": (
        "size(steps.pods.names) > 0",
        "steps.pods.names.all(a, steps.pods.names.all(b, steps.pods.names.all(c, a == b))) #!",
        r"loops within loops within loops; 2 levels are allowed",
    ),
    "too long a condition": (
        "size(steps.pods.names) > 0",
        "incident.id == '" + "x" * 2001 + "' #!",
        r"2000 are allowed: split the step",
    ),
    # limits
    "a time without a unit": ("within: 2m", "within: soon", r"line 29: .*'soon' is no length of time; write it as 90s"),
    "too long a time": ("within: 2m", "within: 3h", r"line 29: .*must be between 1s and 1h, not 3h"),
    "no time at all": ("    retries: 2", "    timeout: 0s #!", r"timeout: must be between 1s and 1h, not 0s"),
    "retries of a change": (LAST, LAST + "    retries: 1 #!\n", r"only reads are tried again by themselves; remove it"),
    "retries of what was raised": (
        "    retries: 2",
        "    raise_risk: change\n    retries: 2 #!",
        r"only reads are tried again",
    ),
    "too many retries": ("    retries: 2", "    retries: 99 #!", r"a whole number from 0 to 5 is expected, not 99"),
    "yes in quotes": ("    retries: 2", '    continue_on_failure: "yes" #!', r"true or false is expected, not 'yes'"),
    "a risk that is lowered": (
        LAST,
        LAST + "    raise_risk: read #!\n",
        r"'read' is not known; write one of change, destroy",
    ),
    "a risk below the action's own": (
        LAST,
        LAST
        + "  - id: gone\n    title: Gone\n    action: kubectl.delete_pod\n    parameters: {namespace: a, name: b}\n"
        "    raise_risk: change #!\n",
        r"raise_risk: is less than what the action can do \(destroy\)",
    ),
    "foreach without a limit": ("    retries: 2", "    foreach: {items: incident.alerts} #!", r"most is missing; add"),
    "foreach without end": (
        "    retries: 2",
        "    foreach: {items: incident.alerts, most: 5000} #!",
        r"a whole number from 1 to 50",
    ),
    # checks, rollback, output
    "a verify that looks at nothing": (
        VERIFY,
        "verify: {holds: incident.id == 'a'} #!",
        r"says nothing to look at; add one of",
    ),
    "a verify without a condition": ("holds: result.value > 0, ", "", r"line 29: .*holds is missing"),
    "two looks": ("{metric: up,", "{metric: up, http: 'http://x', ", r"line 29: .*metric is there already; remove one"),
    "a result of another look": (
        "result.value > 0",
        "result.status > 0",
        r"line 29: .*result\.status is not known here",
    ),
    "a verify that changes": (
        VERIFY,
        "verify: {action: kubectl.delete_pod, parameters: {namespace: a, name: b}, holds: result.succeeded} #!",
        r"a verification only looks, and kubectl\.delete_pod can destroy things",
    ),
    "a preview that changes": (
        LAST,
        LAST + "    preview: {action: kubectl.rollout_undo, parameters: {namespace: a, name: b}} #!\n",
        r"a preview only looks, and kubectl\.rollout_undo can change things",
    ),
    "every longer than within": ("within: 2m", "within: 2m, every: 5m", r"line 29: .*every: is longer than `within`"),
    "output of a metric": (
        "{metric: up,",
        "{metric: up, output: {number: a},",
        r"line 29: .*gives result\.value by itself",
    ),
    "a precheck with parameters alone": (
        LAST,
        LAST + "    precheck: {parameters: {a: b}, holds: 'true'} #!\n",
        r"goes with an action",
    ),
    "a rollback without its parameter": (
        "parameters: {namespace: shop, name: shop}}",
        "parameters: {namespace: shop}} #!",
        r"name is missing",
    ),
    "a rollback after no verify": (
        f"    {VERIFY}\n{LAST}",
        LAST.replace("{action", "{automatic: true, action").rstrip() + " #!\n",
        r"is done when `verify` fails, and there is none",
    ),
    "an unknown field of a rollback": (
        "rollback: {action",
        "rollback: {auto: true, action",
        r"line 30: .*auto: .*did you mean automatic\?",
    ),
    "two ways of output": (
        "{number: used}",
        "{number: used, lines: all} #!",
        r"one of json, .*is expected, not lines and number",
    ),
    "no way of output": ("{number: used}", "{numbers: [used]} #!", r"one of json, .*is expected, not none"),
    "an output that each step has": (
        "{number: used}",
        "{number: summary} #!",
        r"every step has a value called summary already",
    ),
    "a regex without a name": ("{number: used}", "{regex: 'a(b)'} #!", r"has no named group; write \(\?P<name>"),
    "a regex that never ends": ("{number: used}", "{regex: '(?P<a>(x*)*)$'} #!", r"repeats a repetition"),
    "a pointer that is none": (
        "{number: used}",
        "{json: {used: a.b}} #!",
        r"'a\.b' is no JSON pointer; write it as /items",
    ),
    "numbers of nothing": (
        "{number: used}",
        "{json: {used: /a}, numbers: [free]} #!",
        r"is none of the names here: used",
    ),
}
