"""assistant.threads.*: what the app is doing in a thread, its title and the prompts it offers."""

from __future__ import annotations

from sandbox.slack.api.call import ApiCall, Method
from sandbox.slack.errors import SlackError
from sandbox.slack.values import AgentThread, JsonObject

MAX_LOADING_MESSAGES = 10
MAX_PROMPTS = 4


def _thread(call: ApiCall) -> AgentThread:
    channel = call.joined(call.channel("channel_id"))
    thread_ts = call.text("thread_ts")
    if thread_ts and thread_ts not in channel.messages:
        raise SlackError("thread_not_found")
    return call.workspace.threads.setdefault(
        (channel.id, thread_ts), AgentThread(channel=channel.id, thread_ts=thread_ts)
    )


def set_status(call: ApiCall) -> JsonObject:
    call.need("thread_ts")
    loading = call.words("loading_messages")
    if len(loading) > MAX_LOADING_MESSAGES:
        raise SlackError("invalid_arguments", messages=["[ERROR] no more than 10 items allowed: loading_messages"])
    thread = _thread(call)
    thread.status, thread.loading_messages = call.text("status"), loading
    call.workspace.live.announce("status", channel=thread.channel, ts=thread.thread_ts)
    return {}


def set_title(call: ApiCall) -> JsonObject:
    title = call.need("title")
    call.need("thread_ts")
    _thread(call).title = title
    return {}


def set_prompts(call: ApiCall) -> JsonObject:
    prompts = call.objects("prompts", "invalid_arguments")
    if not prompts or len(prompts) > MAX_PROMPTS or not all(p.get("title") and p.get("message") for p in prompts):
        raise SlackError("invalid_arguments", messages=["[ERROR] 1 to 4 prompts with title and message: prompts"])
    thread = _thread(call)
    thread.prompts = prompts
    call.workspace.live.announce("status", channel=thread.channel, ts=thread.thread_ts)
    return {}


METHODS: dict[str, Method] = {
    "assistant.threads.setStatus": set_status,
    "assistant.threads.setTitle": set_title,
    "assistant.threads.setSuggestedPrompts": set_prompts,
}
