"""What the rules of redaction were not written from: formats of other vendors, and other places where secrets stand.

Written down from the vendors' own pages about their keys; no rule names one of these vendors. A vendor that gets a
rule moves to `bench.redaction_made`. Shapes, not values: a secret is drawn from its shape when it is measured.
"""

from __future__ import annotations

from collections.abc import Mapping

# Shapes that say by themselves what they are: name of the variable that usually holds it -> shape.
TELLING: Mapping[str, str] = {
    "PLANETSCALE_SERVICE_TOKEN": "pscale_tkn_{b64u:43}",
    "FIGMA_TOKEN": "figd_{b64u:40}",
    "REPLICATE_API_TOKEN": "r8_{alnum:37}",
    "GROQ_API_KEY": "gsk_{alnum:52}",
    "PERPLEXITY_API_KEY": "pplx-{alnum:48}",
    "FLY_API_TOKEN": "fo1_{b64u:43}",
    "NETLIFY_AUTH_TOKEN": "nfp_{alnum:36}",
    "TAILSCALE_AUTHKEY": "tskey-auth-{alnum:16}CNTRL-{alnum:32}",
    "CIRCLE_TOKEN": "CCIPAT_{alnum:22}_{hex:40}",
    "DOCKER_PASSWORD": "dckr_pat_{b64u:27}",
    "DUFFEL_TOKEN": "duffel_live_{b64u:43}",
    "TYPEFORM_TOKEN": "tfp_{b64u:44}_{b64u:14}",
    "PINECONE_API_KEY": "pcsk_{alnum:6}_{alnum:63}",
    "INFRACOST_API_KEY": "ico-{alnum:32}",
    "MAPBOX_SECRET_TOKEN": "sk.eyJ{b64u:60}.{b64u:22}",
    "LOB_API_KEY": "live_{hex:35}",
    "CLOUDINARY_URL": "cloudinary://{digits:15}:{b64u:27}@demo",
    "ARTIFACTORY_REFERENCE_TOKEN": "cmVmd{alnum:59}",
    "AUTHRESS_ACCESS_KEY": "sc_{low:12}.{low:5}.acc_{low:20}.{b64u:60}",
    "CLICKHOUSE_API_SECRET": "4b1d{alnum:38}",
    "HARNESS_TOKEN": "pat.{b64u:22}.{alnum:24}.{alnum:20}",
    "INTRA42_CLIENT_SECRET": "s-s4t2ud-{hex:64}",
    "SCALINGO_API_TOKEN": "tk-us-{b64u:48}",
    "SETTLEMINT_TOKEN": "sm_pat_{alnum:16}",
    "GOCARDLESS_TOKEN": "live_{b64u:40}",
    "YANDEX_API_KEY": "AQVN{b64u:36}",
    "TWITTER_ACCESS_TOKEN": "{digits:19}-{alnum:30}",
}
# Shapes that say nothing: only the name beside them tells.
NAMED: Mapping[str, str] = {
    "asanaClientSecret": "{low:32}",
    "jira_api_token": "{low:20}{hex:4}",
    "kucoin_secret": "{uuid}",
    "linkedin_client_secret": "{low:16}",
    "sendbird-access-token": "{hex:40}",
    "snyk_token": "{uuid}",
    "algolia_api_key": "{hex:32}",
    "adafruit_io_key": "{alnum:32}",
    "bitbucketClientSecret": "{alnum:32}",
    "coinbase_access_token": "{b64u:64}",
    "confluent.api.secret": "{b64:64}",
    "contentfulDeliveryToken": "{b64u:43}",
    "dropbox_app_secret": "{low:15}",
    "fastly-api-token": "{alnum:32}",
    "finnhub_token": "{low:20}",
    "heap-auth": "{alnum:24}",
    "INTERCOM_ACCESS_TOKEN": "{b64:60}",
    "krakenPrivateKey": "{b64:86}==",
    "lastfm_shared_secret": "{hex:32}",
    "MAILCHIMP_KEY": "{hex:32}-us12",
    "mattermost-bot-token": "{low:26}",
    "messagebird_api_key": "{alnum:25}",
    "nytimesApiKey": "{alnum:32}",
    "plaid_secret": "{hex:30}",
    "postmark_server_token": "{uuid}",
    "rails_master_key": "{hex:32}",
    "DJANGO_SECRET_KEY": "{pw:50}",
    "APP_KEY": "base64:{b64:43}=",
    "sumologic_access_key": "{alnum:64}",
    "TRAVIS_TOKEN": "{alnum:22}",
    "twitchClientSecret": "{low:30}",
    "twitter_consumer_secret": "{alnum:50}",
    "wireguard_private_key": "{b64:43}=",
    "zendesk-secret-key": "{hex:40}",
    "smtp_passwd": "{pw:12}",
    "keystore.password": "{alnum:9}",
    "ldap_bind_pw": "{pw:10}",
    "RABBITMQ_DEFAULT_PASS": "{alnum:16}",
    "root_passphrase": "{pw:18}",
}
# Places, with {s} for the secret and {n} for its name.
PLACES: Mapping[str, str] = {
    "XML element": "  <{n}>{s}</{n}>",
    "XML attribute": '<add key="{n}" value="{s}" />',
    "Dockerfile": "ENV {n} {s}",
    "docker run": "docker run --rm -e {n}={s} -p 8080:80 shop/web:1.4.2",
    "helm --set": "helm upgrade web ./chart --set config.{n}={s} --wait",
    "form body": "POST body: grant_type=client_credentials&{n}={s}&scope=read",
    "PHP array": "    '{n}' => '{s}',",
    "Go struct dump": "config loaded: {Addr::8080 {n}:{s} Retries:3}",
    "Python dict dump": "DEBUG settings {'region': 'eu-west-1', '{n}': '{s}', 'retries': 3}",
    "markdown table": "| {n} | `{s}` | production |",
    "systemd unit": 'Environment="{n}={s}"',
    "properties": "app.{n} = {s}",
    "JavaScript object": "  {n}: '{s}', // rotate me",
    "escaped JSON in a log": 'msg="request body: {\\"user\\":\\"ana\\",\\"{n}\\":\\"{s}\\"}" status=401',
}
# Places that say by themselves that a secret stands there; the secret needs no telling shape nor name.
SPEAKING_PLACES: Mapping[str, str] = {
    "netrc": "machine git.example.com login deploy password {s}",
    "SQL": "ALTER ROLE reporting WITH LOGIN PASSWORD '{s}';",
    "git remote": "fatal: unable to access 'https://oauth2:{s}@git.example.com/shop/web.git/'",
    "JAAS": 'org.apache.kafka.common.security.scram.ScramLoginModule required username="app" password="{s}";',
    "pgpass": "PGPASSWORD={s} psql -h db-1 -U app orders",
}
