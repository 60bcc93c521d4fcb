"""A Slack-compatible workspace on localhost: stock Slack clients talk to it by their `base_url` alone.

    workspace = Workspace(people)
    async with serving(create_app(workspace, manifest=manifest)) as url:
        client = AsyncWebClient(token=workspace.bot_token, base_url=f"{url}/api/")
        app = AsyncApp(client=client, signing_secret=workspace.signing_secret)
        await AsyncSocketModeHandler(app, workspace.app_token).connect_async()

What is here, and where:

Web API (`web_api`, `api/`): forms, JSON or query; tokens and scopes checked; cursors; Slack's error codes.
    auth.test api.test apps.connections.open team.info bots.info
    users.list info lookupByEmail profile.get; usergroups.list users.list
    chat.postMessage postEphemeral update delete getPermalink unfurl
    chat.scheduleMessage deleteScheduledMessage scheduledMessages.list
    chat.startStream appendStream stopStream
    conversations.create list info history replies members invite kick join leave open rename archive unarchive
    conversations.setTopic setPurpose canvases.create
    reactions.add remove get list; pins.add remove list; bookmarks.add edit list remove
    views.open push update publish
    files.getUploadURLExternal completeUploadExternal info, the upload itself, downloads
    canvases.create edit delete access.set sections.lookup
    assistant.threads.setStatus setTitle setSuggestedPrompts
Block Kit limits (`blocks`, `block_objects`, `block_files`): problems with JSON pointers, as invalid_blocks says them.
Rate limits (`limits`) and failures (`faults`): off until the control API switches them on.
Socket Mode (`socket_mode`): hello, envelopes, acknowledgements with payloads, several connections in turn, disconnects.
Events API over HTTP (`events_api`): v0 signatures, url_verification, 3 seconds, retries with their headers.
Delivery (`delivery`): which of the two, and sending again what was not acknowledged.
Events: message with channel_join, channel_leave, channel_topic, channel_purpose, channel_name, channel_archive,
    channel_unarchive, file_share, thread_broadcast, message_changed and message_deleted; app_mention; reaction_added,
    reaction_removed; pin_added, pin_removed; member_joined_channel, member_left_channel; channel_created,
    channel_rename, channel_archive, channel_unarchive; app_home_opened; subteam_members_changed.
Interactions (`interactions`, `responses`): slash commands, block_actions, shortcuts, view_submission with its
    response_action, view_closed, trigger ids, response URLs.
People (`control`, `control_routes`, `screen`, `live`): come as members, guests, strangers or apps, close their
    accounts, say (in channels, or to the app alone), react, pin, click, submit, write in canvases, wait until quiet;
    over HTTP too.
Plans: `workspace.is_free` refuses canvases as Slack's free plan does.
Mentions that would have notified someone (`pings`).

Not here: group direct messages, user tokens, OAuth, Enterprise Grid, search, external selects' options, work objects'
flexpane, calls, workflows, real link previews. Nothing outlives the process.
"""
