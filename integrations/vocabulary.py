"""What monitors call things: names of fields, and words for a status.

Each table of names is a tuple of rows, an expression over names in snake case each. Names of one row state a fact
equally well; an earlier row is believed before a later one.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ABOUT = "alert|alarm|monitor|rule|check|condition|incident|issue|problem|event|trigger|detector|policy|message|test"

TITLES = (
    r"title|headline|summary|subject|short_description|alert_title|incident_title|issue_title|message_title",
    rf"(\w+_)?({_ABOUT})_(title|summary|name|subject)|alertname|alarmname|rulename|(alert|alarm|monitor|check)_rule",
    r"message|msg|short_message|text|reason|name|display_name|error|event|check|alert|alarm",
    r"(\w+_)?(message|title|name|description|text)|description|body|details|\w*output|content",
)
DESCRIPTIONS = (
    r"description|details|detail|long_description|alert_description|alarm_description|message_body|long_output",
    r"message|msg|text|body|output|reason|content|comment|annotation|error_message|(\w+_)?(description|message)",
)
SEVERITIES = (
    r"severity|sev|criticality",
    rf"(\w+_)?({_ABOUT}|risk|threat)_severity|severity_\w+|priority|urgency|impact|log_level|level|(\w+_)?severity",
    r"\w+_(priority|level|urgency)",
)
STATUSES = (
    rf"status|state|new_state|current_state|new_state_value|({_ABOUT})_(status|state)|current_status"
    r"|(service|host)_?(status|state)|monitor_condition|alert_condition",
    r"action|transition|event_action|alert_action|alert_transition|trigger_event|action_group",
    r"(event|alert|notification|message)_?type(_friendly)?(_name)?|type|event|severity",
)
SERVICES = (
    r"service|service_name|app|application|application_name|app_name|component|component_name|microservice"
    r"|business_service|service_?desc",
    r"(affected|impacted|impact|source)_?(service|component|application)(_name)?|subsystem|system|product|service_\w+",
)
# What the service is guessed from where none is named, the nearest to one first.
SERVICE_GUESSES = (
    r"workload|job|deployment|stateful_set|daemon_set|container|container_name|function|function_name|queue|queue_name",
    r"project|project_name|project_slug|repository|repo|database|database_name|cluster|cluster_name",
    r"resource|resource_display_name|resource_name|entity|entity_name|target|target_name"
    r"|(check|monitor|test)(_friendly)?(_name)?|configuration_items?|cmdb_ci"
    r"|(impacted|affected)_(entity|entities|resources?|hosts?|items?)",
    r"host|hostname|host_name|sys_name|server|server_name|device|device_name|node|instance|agent_name|agent|machine",
    r"namespace|site|source|source_name|slug|origin",
    r"team|team_name|owner|owning_team",
    r"metric_name|(originating_|source_)?metric",
)
ENVIRONMENTS = (r"environment|env|stage|deployment_environment(_name)?|environment_name|env_name",)
CONDITION_IDS = (
    r"fingerprint|dedup_key|dedupe_key|deduplication_key|incident_key|alert_key|group_key|correlation_key",
    r"(alert|incident|issue|problem|alarm)_?(id|key|uuid|identifier)",
    r"id|uid|key",
)
RULE_IDS = (r"(monitor|rule|check|condition|detector|policy|trigger|event_definition)_?(id|uuid|uid)",)
STARTS = (
    r"started_at|starts_at|start|start_time|start_date|start_at|date_start(ed)?(_zoned)?|begin|began_at|first_seen"
    r"|triggered_at|fired_at|active_at|opened_at|onset|firing_since|since",
    r"timestamp|time|datetime|date_time|event_time|occurred_at|occurred|ts|created_at|created|detected_at|raised_at"
    r"|state_change_time|alert_time|trigger_time|incident_time|event_timestamp|alert_timestamp",
    r"\w*(time|timestamp|date)(_ms|_utc|_zoned)?|\w+_at|last_updated|updated|published|date",
)
ENDS = (
    r"ended_at|ends_at|end|end_time|end_date|date_end(ed)?(_zoned)?"
    r"|(resolved|closed|recovered|cleared|ended)_(at|time|date_time)",
)
URLS = (
    r"url|link|web_url|html_url|permalink|(alert|incident|issue|problem|event|alarm|monitor|check)_?(url|link)",
    r"(details|detector|dashboard|view|console|external|page|source|generator)_?(url|link)|href|\w+_(url|link)",
)
RUNBOOKS = (r"runbook|runbook_url|runbook_link|playbook|playbook_url|run_book",)
QUERIES = (r"query|expr|promql",)

PICTURES = re.compile(r"icon|image|avatar|logo|snapshot|api|silence|ack|runbook|playbook")  # addresses of no page

# {"service": {"name": "checkout"}}: names that say what their holder's name announces.
OF_HOLDER = _words("name title summary display_name display_value label slug value text")

# Whose `name` is what the alert is called; elsewhere a name is of a host, a person, a browser.
TITLED = _words(
    "alert alarm monitor rule check condition incident issue problem event trigger detector policy message test data "
    "attributes result detail details payload item job workflow workflow_run pipeline build"
)

# Holders of what is not about the condition: people, machinery of the sender, the definition it was made from.
ASIDE = _words(
    "user actor contact contacts request headers geo contexts context browser sdk integration installation sender "
    "creator author assignee responders recipients links api_links pagination replay_info snapshots thresholds "
    "documentation query condition conditions datasource data_source model inputs agents account org organization "
    "receiver channel notification webhook"
)

OVER = _words(
    "resolved resolve ok okay closed close recovered recovery cleared clear up normal inactive resolution "
    "solved fixed healthy operational success passed passing green"
)
NEUTRAL = _words("alert alarm problem trigger")  # "alert recovered" is over all the same
FIRING = NEUTRAL | _words(
    "firing fire open opened triggered alerting critical warning warn down active error failed failure failing start "
    "started created create new activated unresolved reopened red degraded unhealthy anomalous acknowledged "
    "investigating identified outage"
)
UNDO = _words("not no un non never")
STATUS_ALONE = OVER | FIRING | _words("updated deleted info update delete incident event")  # no titles of their own
GRADE_WORDS = _words("critical crit fatal emergency disaster error major high warning warn minor info")
