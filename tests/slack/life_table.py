"""Every word, and what is answered: as it should be used, with wrong arguments, elsewhere, and to a guest."""

from __future__ import annotations

from dataclasses import dataclass

MEMBERS_ONLY = "Guests of this workspace cannot change incidents; ask a full member of this workspace."
NOTHING_HERE = "This channel belongs to no incident. Name one: `/inc {word} INC-...`; `/inc list` shows the open ones."
UNKNOWN_ID = "There is no incident INC-2026-0404. `/inc list` shows the open ones."
SAME = "the same as the right one"
STATUS = (
    "*SEV1* {id} Checkout fails · checkout · triage · AGE · <#C>\n"
    "Started TIME UTC; 1 of 1 alerts still firing.\n"
    "The sources are still being asked.\n"
    "Work goes on in <#C>."
)
SWITCHES = (
    "`/inc stop ai`, `actions` or `all`: for this incident\n"
    "`/inc stop actions service NAME`, `incident INC-...` or `everywhere`\n"
    "`/inc stop all because ...` says why; `/inc resume ...`, with the same words, lets it go on."
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """Answers as `life_asking.normal` gives them. Typed and answered in this order, in one incident.

    `wrong`: what is typed; "" where there is no wrong way. `outside`: the answer in a channel that belongs to no
    incident; `outsider`: the answer to a guest in the incident's channel.
    """

    right: str
    answer: str
    wrong: str = ""
    refusal: str = ""
    outside: str = NOTHING_HERE
    outsider: str = MEMBERS_ONLY

    @property
    def word(self) -> str:
        return self.right.split()[0]


HELP = (
    "`/inc sev 1-4 [because ...]`: how bad it is.\nFor example: `/inc sev 2 because only one region is hurt`\n"
    "Also: severity, prio.\nFrom elsewhere: `/inc sev INC-... ...`."
)
ON_CALL = "On call for checkout (Shop):\nLevel 1: Jo Ng until TIME UTC, then Max Lee\nLevel 2: Kim Ito"
STATS = "*The last days*\n• 2 incidents\n• resolved in 40 min"
FORM = "The form opens with `/inc new` in the message field, or from the shortcuts menu."
CHANGED = "*What changed*\nNothing is known to have changed.\n_Quoted from the evidence, the timeline and memory._"
ALERTS = (
    "*Alerts of {id}*, 1 of 1 still firing\n"
    "1. *SEV1* Checkout fails · checkout · alertmanager · since TIME UTC, firing · opened this incident"
)
COST = (
    "*What the model cost*\n• This incident: $0.00 of $5.00 (0 %), 0 calls, 0 tokens\n"
    "• U1 on DAY: $0.00 of $10.00 (0 %), 0 calls, 0 tokens\n• All on DAY: $0.00 of $50.00 (0 %), 0 calls, 0 tokens"
)
NO_SERVICE = "That did not work: I know no service or team “{}”; near it are {}."
NO_POSTMORTEM = "{id} has no postmortem yet. `/inc resolve` ends the incident first."
NOTES = "*Notes about checkout*, newest first; `/inc note remove 12` removes one\n• DAY Ana Ruiz: never on Fridays (#1)"
RECENT = "• *SEV1* {id} Checkout fails · checkout · triage · AGE · <#C>"
OTHER = "• *SEV1* {other} Payments slow · payments · triage · AGE · <#C>"

ROWS = (
    Row(
        right="help sev",
        answer=HELP,
        wrong="help zzzz",
        refusal="I don't know “zzzz”. `/inc help` lists all words.",
        outside=SAME,
        outsider=SAME,
    ),
    Row(right="new checkout is down", answer=FORM, outside=SAME, outsider=SAME),
    Row(
        right="list all",
        answer=f"2 incidents of the last 14 days, newest first:\n{OTHER}\n{RECENT}",
        wrong="list purple",
        refusal="“purple” is no list: there are all, closed, mine and sev1 to sev4. For example: `/inc list mine`",
        outside=SAME,
        outsider=f"1 incident of the last 14 days, newest first:\n{RECENT}",
    ),
    Row(right="status", answer=STATUS, wrong="status INC-2026-0404", refusal=UNKNOWN_ID, outsider=SAME),
    Row(
        right="catchup",
        answer=f"{STATUS}\n*When it began*\n• TIME UTC alertmanager: Alert: Checkout fails [timeline]",
        wrong="catchup INC-2026-0404",
        refusal=UNKNOWN_ID,
        outsider=SAME,
    ),
    Row(
        right="ask what changed?",
        answer=CHANGED,
        wrong="ask",
        refusal="Ask me something: `/inc ask what changed?`",
        outside=SAME,
        outsider=SAME,
    ),
    Row(right="alerts", answer=ALERTS, wrong="alerts INC-2026-0404", refusal=UNKNOWN_ID, outsider=SAME),
    Row(
        right="similar",
        answer="Nothing in memory fits like {id}.",
        wrong="similar INC-2026-0404",
        refusal=UNKNOWN_ID,
        outside="This channel belongs to no incident; `/inc memory search words` searches by words.",
        outsider=SAME,
    ),
    Row(
        right="actions",
        answer="{id} has no follow-ups yet. `/inc action TEXT @owner by friday` makes one.",
        wrong="actions INC-2026-0404",
        refusal=UNKNOWN_ID,
        outsider=SAME,
    ),
    Row(
        right="postmortem",
        answer=NO_POSTMORTEM,
        wrong="postmortem burn it",
        refusal="“burn” is none of draft, approve and reject. Nothing was changed. For example: "
        "`/inc postmortem reject the impact is missing`",
        outsider=SAME,
    ),
    Row(
        right="timeline rolled back",
        answer="Added to the timeline of {id}.",
        wrong="timeline INC-2026-0404 rolled back",
        refusal=UNKNOWN_ID,
    ),
    Row(
        right="update All good & <well>",
        answer="The update on {id} was sent.",
        wrong="update INC-2026-0404 All good",
        refusal=UNKNOWN_ID,
    ),
    Row(
        right="sev 2 because only one region",
        answer="*Ana Ruiz*: {id} was lowered from SEV1 to SEV2. “only one region”",
        wrong="sev 7",
        refusal="There is no SEV7: severities go from 1, the worst, to 4. Nothing was changed. For example: "
        "`/inc sev 2 because only one region is hurt`",
    ),
    Row(
        right="lead @bo",
        answer="Bo Chen has the lead of {id}.",
        wrong="lead @stranger",
        refusal="I do not know who “@stranger” is: pick somebody from the list that opens after @. Nothing was "
        "changed. For example: `/inc lead @ana`",
    ),
    Row(
        right="role scribe @bo",
        answer="Bo Chen has the scribe of {id}.",
        wrong="role pilot @bo",
        refusal="“pilot” is no role: there are lead, comms and scribe. Nothing was changed. For example: "
        "`/inc role scribe @bo`",
    ),
    Row(
        right="handoff @bo",
        answer="Bo Chen was asked to take the lead of {id}.",
        wrong="handoff",
        refusal="Say to whom. Nothing was changed. For example: `/inc handoff @bo`",
    ),
    Row(
        right="investigate",
        answer="*Ana Ruiz*: {id} is investigating now.",
        wrong="investigate INC-2026-0404",
        refusal=UNKNOWN_ID,
    ),
    Row(
        right="identify the pool is too small",
        answer="*Ana Ruiz*: {id} is identified now. “the pool is too small”",
        wrong="identify INC-2026-0404",
        refusal=UNKNOWN_ID,
    ),
    Row(
        right="mitigate rolled back",
        answer="*Ana Ruiz*: {id} is monitoring now. “rolled back”",
        wrong="mitigate INC-2026-0404",
        refusal=UNKNOWN_ID,
    ),
    Row(
        right="resolve rolled back",
        answer="*Ana Ruiz*: {id} is resolved now. 1 alert still fires. “rolled back”",
        wrong="resolve INC-2026-0404 done",
        refusal=UNKNOWN_ID,
    ),
    Row(
        right="reopen errors are back",
        answer="*Ana Ruiz*: {id} is investigating now. “errors are back”",
        wrong="reopen INC-2026-0404",
        refusal=UNKNOWN_ID,
    ),
    Row(
        right="cancel it was a test",
        answer="Cancel *{id}* Checkout fails? It counts as no incident then: a false alarm or a test. "
        "Why: it was a test",
        wrong="cancel INC-2026-0404",
        refusal=UNKNOWN_ID,
    ),
    Row(
        right="page payments",
        answer="Page Jo Ng (level 1) for payments, about {id} (Checkout fails)? They are called at once.",
        wrong="page paymnts",
        refusal=NO_SERVICE.format("paymnts", "payments"),
    ),
    Row(
        right="oncall checkout",
        answer=ON_CALL,
        wrong="oncall chekout",
        refusal=NO_SERVICE.format("chekout", "checkout"),
        outside=SAME,
        outsider=SAME,
    ),
    Row(
        right="runbook free-disk --dry-run",
        answer="R-1 begins, asked by Ana Ruiz.",
        wrong="runbook nope",
        refusal="I know no runbook `nope` that I can carry out. `/inc runbook` lists them.",
        outside="This channel belongs to no incident, and runbooks are run for one. Use it in an incident's channel; "
        "in the thread of one mention me with the same words. `/inc list` shows the open ones.",
        outsider="Guests of this workspace cannot start runs; ask a full member of this workspace.",
    ),
    Row(
        right="action add an alert @bo in 3 days P0",
        answer="Follow-up 1 of {id}: add an alert",
        wrong="action add it by 2020-01-01",
        refusal="2020-01-01 is past already; today is DAY. Nothing was changed. For example: "
        "`/inc action add an alert on pool use @bo by friday P1`",
    ),
    Row(
        right="link https://status.example.com/42?a=1",
        answer="{id} is tied to https://status.example.com/42?a=1.",
        wrong="link there",
        refusal="“there” is neither an incident's id (INC-2026-0042) nor the address of a page (https://...). "
        "Nothing was changed. For example: `/inc link https://status.example.com/42`",
    ),
    Row(
        right="merge {other}",
        answer="Merge *{id}* Checkout fails into *{other}* Payments slow? Its alerts go there, and {id} is cancelled; "
        "what comes of it later goes there, too.",
        wrong="merge",
        refusal="Name the incident that it goes on in. Nothing was changed. For example: `/inc merge INC-2026-0041`",
    ),
    Row(
        right="split 1",
        answer="1 of {id} is an incident now.",
        wrong="split 9",
        refusal="{id} has no alert 9: it has 1. Nothing was changed. For example: `/inc split 1`",
    ),
    Row(
        right="rename Checkout fails in Europe",
        answer="{id} is called “Checkout fails in Europe” now.",
        wrong="rename",
        refusal="Say what it is to be called. Nothing was changed. For example: `/inc rename Checkout fails in Europe`",
    ),
    Row(
        right="promote",
        answer="{id} has a channel of its own: <#C>.",
        wrong="promote INC-2026-0404",
        refusal=UNKNOWN_ID,
    ),
    Row(
        right="stats 7d",
        answer=STATS,
        wrong="stats soon",
        refusal="“soon” is no time: say 7d, 30d or 90d. For example: `/inc stats 30d`",
        outside=SAME,
        outsider=SAME,
    ),
    Row(right="memory search checkout", answer="Nothing in memory fits for “checkout”.", outside=SAME, outsider=SAME),
    Row(
        right="note never on Fridays",
        answer="Note #1 about checkout is kept; it shows in the next briefing.",
        outside="Which service is it about? `/inc note service: text`, or write it in an incident's channel.",
        outsider="Guests of this workspace cannot keep notes; ask a full member of this workspace.",
    ),
    Row(right="notes checkout", answer=NOTES, outside=SAME, outsider=SAME),
    Row(right="cost", answer=COST, outside=COST.replace(COST.split("\n")[1] + "\n", ""), outsider=SAME),
    Row(
        right="stop actions",
        answer=":octagonal_sign: Actions are stopped for incident {id} since TIME UTC by Ana Ruiz. "
        "`/inc resume actions incident {id}` lets it go on.",
        wrong="stop it",
        refusal="Nothing was changed: what is “it”? Say `ai`, `actions` or `all` first.\n"
        f":octagonal_sign: Actions are stopped for incident {{id}} since TIME UTC by Ana Ruiz.\n{SWITCHES}",
        outside="Where? This channel belongs to no incident, so nothing was changed: `/inc stop actions incident "
        "INC-...`, `service NAME` or `everywhere`.",
        outsider=":octagonal_sign: That was stopped already. Actions are stopped for incident {id} since TIME UTC by "
        "Ana Ruiz. `/inc resume actions incident {id}` lets it go on.",
    ),
    Row(
        right="resume actions",
        answer=":arrow_forward: *Ana Ruiz* let actions go on for incident {id}.",
        wrong="resume it",
        refusal="Nothing was changed: what is “it”? Say `ai`, `actions` or `all` first.\nNothing is stopped.\n"
        f"{SWITCHES}",
        outside="Where? This channel belongs to no incident, so nothing was changed: `/inc resume actions incident "
        "INC-...`, `service NAME` or `everywhere`.",
        outsider="Guests of this workspace cannot let it go on; ask a full member of this workspace.",
    ),
)
