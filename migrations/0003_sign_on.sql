-- OpenID Connect, domains with proof, enforcement, second factors, sessions that identity providers can end, mail.

-- OpenID Connect

ALTER TABLE connections ADD COLUMN oidc TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(oidc));

-- What must be read back for a connection, sealed with the key file: `client_secret`.
CREATE TABLE connection_secrets (
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    purpose         TEXT NOT NULL,
    sealed          BLOB NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (connection_id, purpose)
) STRICT, WITHOUT ROWID;

-- The signing keys of an OpenID Provider as it published them last, so that it may be away for a while.
CREATE TABLE provider_keys (
    connection_id   TEXT PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    jwks            TEXT NOT NULL CHECK (json_valid(jwks)),
    fetched_at      INTEGER NOT NULL,
    tried_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When the provider's discovery document was read last.
ALTER TABLE provider_keys ADD COLUMN discovered_at INTEGER NOT NULL DEFAULT 0;

-- E-mail domains: several connections may speak for one, each with a proof of its own.
CREATE TABLE connection_domains_next (
    domain          TEXT NOT NULL,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    -- an owner's word, or a TXT record
    how             TEXT NOT NULL CHECK (how IN ('owner', 'dns')),
    confirmed_by    TEXT NOT NULL,
    confirmed_at    INTEGER NOT NULL,
    PRIMARY KEY (domain, connection_id)
) STRICT, WITHOUT ROWID;
INSERT INTO connection_domains_next
    SELECT domain, connection_id, 'owner', confirmed_by, confirmed_at FROM connection_domains;
DROP TABLE connection_domains;
ALTER TABLE connection_domains_next RENAME TO connection_domains;
CREATE INDEX connection_domains_connection ON connection_domains (connection_id);

-- Domains that wait for their TXT record.
CREATE TABLE domain_claims (
    domain          TEXT NOT NULL,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    -- what the record must say
    token           TEXT NOT NULL,
    asked_by        TEXT NOT NULL,
    asked_at        INTEGER NOT NULL,
    checked_at      INTEGER,
    -- what the last look found, in words
    problem         TEXT,
    PRIMARY KEY (domain, connection_id)
) STRICT, WITHOUT ROWID;

-- A TXT record that proved a domain is looked for again: what it says, when we looked last, and what was wrong then.
ALTER TABLE connection_domains ADD COLUMN token TEXT;
ALTER TABLE connection_domains ADD COLUMN checked_at INTEGER;
ALTER TABLE connection_domains ADD COLUMN problem TEXT;

-- Enforcement: from `starts_at` on, these people sign in through the connection only.
CREATE TABLE enforcements (
    id              TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    -- NULL: everybody
    domain          TEXT,
    made_by         TEXT NOT NULL,
    made_at         INTEGER NOT NULL,
    starts_at       INTEGER NOT NULL,
    -- when it began to hold; a moment that comes while the conditions are not met begins nothing
    started_at      INTEGER,
    -- since when it waits for its conditions
    waits_since     INTEGER,
    -- when the people affected were written to
    told_at         INTEGER,
    ended_at        INTEGER,
    ended_by        TEXT
) STRICT;
CREATE INDEX enforcements_connection ON enforcements (connection_id);
CREATE UNIQUE INDEX enforcements_live ON enforcements (connection_id, coalesce(domain, '')) WHERE ended_at IS NULL;

-- Owners who keep a way in of their own whatever is enforced.
CREATE TABLE break_glass (
    person_id       TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    made_by         TEXT NOT NULL,
    made_at         INTEGER NOT NULL,
    -- the last time that they proved passphrase and second factor, or a passkey
    proved_at       INTEGER
) STRICT, WITHOUT ROWID;

-- Settings of the organization that are not its name and address.
ALTER TABLE organization ADD COLUMN settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings));

-- Second factors

-- A secret for one-time codes, sealed. `confirmed_at` is NULL until a first code was right; `last_step` is the time
-- step of the last code that was used, so that none is good twice.
CREATE TABLE totp (
    person_id       TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    sealed          BLOB NOT NULL,
    created_at      INTEGER NOT NULL,
    confirmed_at    INTEGER,
    last_step       INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE passkeys (
    id              TEXT PRIMARY KEY,
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    credential_id   BLOB NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    -- public key, counter, flags: nothing secret
    credential      TEXT NOT NULL CHECK (json_valid(credential)),
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER
) STRICT;
CREATE INDEX passkeys_person ON passkeys (person_id);

-- Since when a person has a passphrase, and since when the role: from the later of both on they have a week for a second
-- factor. Those who have them today begin their week now.
ALTER TABLE passphrases ADD COLUMN made_at INTEGER NOT NULL DEFAULT 0;
UPDATE passphrases SET made_at = unixepoch() * 1000;
ALTER TABLE people ADD COLUMN role_since INTEGER NOT NULL DEFAULT 0;
UPDATE people SET role_since = unixepoch() * 1000;

-- Links that work once: a reset by mail, a link that an admin hands over, `doorward recover`.
CREATE TABLE one_time_links (
    token_hash      BLOB PRIMARY KEY,
    purpose         TEXT NOT NULL CHECK (purpose IN ('reset', 'recover')),
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    made_by         TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_links_person ON one_time_links (person_id);
CREATE INDEX one_time_links_expires ON one_time_links (expires_at);

-- Sessions

-- When the person last proved who they are: at sign-in, or since.
ALTER TABLE sessions ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0;
-- 1 where the proof was a passkey, or passphrase and second factor together
ALTER TABLE sessions ADD COLUMN strong INTEGER NOT NULL DEFAULT 0 CHECK (strong IN (0, 1));
-- What the identity provider calls this sign-in, so that either side can end it: issuer, subject (NameID or `sub`),
-- its own session (SessionIndex or `sid`).
ALTER TABLE sessions ADD COLUMN issuer TEXT;
ALTER TABLE sessions ADD COLUMN subject TEXT;
ALTER TABLE sessions ADD COLUMN idp_session TEXT;
-- What a logout request of ours must repeat, sealed: the ID token, or the NameID with its qualifiers.
ALTER TABLE sessions ADD COLUMN logout_hint BLOB;
CREATE INDEX sessions_idp ON sessions (connection_id, idp_session) WHERE idp_session IS NOT NULL;
CREATE INDEX sessions_subject ON sessions (connection_id, subject) WHERE subject IS NOT NULL;

-- Forms that wait while somebody proves once more who they are, sealed.
CREATE TABLE held_forms (
    id_hash         BLOB PRIMARY KEY,
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    sealed          BLOB NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX held_forms_expires ON held_forms (expires_at);
CREATE INDEX held_forms_person ON held_forms (person_id, created_at);

-- Sign-outs that went to an identity provider and wait for its answer.
CREATE TABLE sign_outs (
    request_id      TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    browser_hash    BLOB NOT NULL,
    started_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_outs_expires ON sign_outs (expires_at);

-- A sign-in that waits until its account is proved keeps what the identity provider calls it, as `sessions` does, for
-- the session that it becomes.
ALTER TABLE sign_ins ADD COLUMN idp_issuer TEXT;
ALTER TABLE sign_ins ADD COLUMN idp_subject TEXT;
ALTER TABLE sign_ins ADD COLUMN idp_session TEXT;
ALTER TABLE sign_ins ADD COLUMN logout_hint BLOB;

-- Mail

-- What waits to be sent. The text may hold a link that lets somebody in: sealed, and gone once it was sent.
CREATE TABLE mails (
    id              TEXT PRIMARY KEY,
    kind            TEXT NOT NULL,
    person_id       TEXT REFERENCES people (id) ON DELETE CASCADE,
    address         TEXT NOT NULL,
    subject         TEXT NOT NULL,
    sealed          BLOB,
    state           TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    tries           INTEGER NOT NULL DEFAULT 0,
    next_try_at     INTEGER NOT NULL,
    -- after this moment nobody is helped by it any more
    good_until      INTEGER NOT NULL,
    -- what the mail server said last
    problem         TEXT,
    created_at      INTEGER NOT NULL,
    done_at         INTEGER
) STRICT;
CREATE INDEX mails_waiting ON mails (next_try_at) WHERE state = 'waiting';
CREATE INDEX mails_created ON mails (created_at);

-- Secrets of the organization, sealed: `smtp_password`.
CREATE TABLE organization_secrets (
    purpose         TEXT PRIMARY KEY,
    sealed          BLOB NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Provisioning, quicker: what every new user runs opens no table of its own and writes to fewer places.

-- An IN with more than two values builds a table each time that it is asked. Dropped and made again under its name,
-- because the triggers name it.
CREATE TABLE directory_blocks_kept AS SELECT * FROM directory_blocks;
DROP TABLE directory_blocks;
CREATE TABLE directory_blocks (
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL CHECK (kind = 'user' OR kind = 'group' OR kind = 'claimed' OR kind = 'tied'),
    block           INTEGER NOT NULL,
    live            INTEGER NOT NULL,
    PRIMARY KEY (connection_id, kind, block)
) STRICT, WITHOUT ROWID;
INSERT INTO directory_blocks SELECT connection_id, kind, block, live FROM directory_blocks_kept;
DROP TABLE directory_blocks_kept;

-- Removed users are looked for newest first: nothing is left to sort, and live rows are in neither.
DROP INDEX directory_users_removed_name;
CREATE INDEX directory_users_removed_name ON directory_users (connection_id, user_name_key, deleted_at)
    WHERE deleted_at IS NOT NULL;
CREATE INDEX directory_users_removed_external ON directory_users (connection_id, external_id, deleted_at)
    WHERE deleted_at IS NOT NULL;

-- One index for both: who a person is in a connection, and that this is one live user and no more.
DROP INDEX directory_users_person;
DROP INDEX directory_users_by_person;
CREATE UNIQUE INDEX directory_users_person
    ON directory_users (person_id, connection_id, CASE WHEN deleted_at IS NULL THEN 0 ELSE seq END);

-- Nobody asks for the events of an actor. Ids of subjects are made in order of time, so that new rows lie together
-- when they come first.
DROP INDEX events_actor;
DROP INDEX events_subject;
CREATE INDEX events_subject ON events (subject_id, sequence);
-- The two that come with every new user are not in it: whoever asks for them finds enough of them among the newest.
DROP INDEX events_action;
CREATE INDEX events_action ON events (action, sequence)
    WHERE action <> 'person.added' AND action <> 'directory_user.added';

-- An id holds the moment of its row, so that one index finds both.
CREATE TABLE scim_requests_next (
    id              TEXT NOT NULL,
    reference       TEXT NOT NULL,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    credential_id   TEXT,
    credential_label TEXT NOT NULL,
    at              INTEGER NOT NULL,
    method          TEXT NOT NULL,
    path            TEXT NOT NULL,
    query           TEXT NOT NULL,
    -- the conditional headers and content type, JSON
    headers         TEXT NOT NULL,
    address         TEXT NOT NULL,
    user_agent      TEXT NOT NULL,
    -- secrets and passwords are out; NULL: none, or too large to keep
    body            TEXT,
    body_cut        INTEGER NOT NULL DEFAULT 0 CHECK (body_cut IN (0, 1)),
    understood      TEXT NOT NULL,
    status          INTEGER NOT NULL,
    answer          TEXT,
    -- what it did to which people, JSON array
    effects         TEXT NOT NULL,
    -- why something was ignored or read otherwise, JSON array
    notes           TEXT NOT NULL,
    took_us         INTEGER NOT NULL,
    replay_of       TEXT
) STRICT;
INSERT INTO scim_requests_next
    SELECT id, reference, connection_id, credential_id, credential_label, at, method, path, query, headers, address,
           user_agent, body, body_cut, understood, status, answer, effects, notes, took_us, replay_of
    FROM scim_requests ORDER BY rowid;
DROP TABLE scim_requests;
ALTER TABLE scim_requests_next RENAME TO scim_requests;
CREATE UNIQUE INDEX scim_requests_connection ON scim_requests (connection_id, at, id);
-- References are random: each new one would rewrite a page of its own. That of a new user is found by its moment.
CREATE INDEX scim_requests_reference ON scim_requests (reference) WHERE NOT (method = 'POST' AND path = '/Users');
