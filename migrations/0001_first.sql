-- The tables on which everything stands: the organization, its people, its connections,
-- who signed in how, and the event log. Times are milliseconds since the epoch, UTC.

CREATE TABLE organization (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    name            TEXT NOT NULL,
    base_url        TEXT NOT NULL,
    contact         TEXT NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

-- The one-time code of the first run; gone when the first owner exists.
CREATE TABLE setup_codes (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    code_hash       BLOB NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE people (
    id              TEXT PRIMARY KEY,
    email           TEXT NOT NULL,
    email_key       TEXT NOT NULL UNIQUE,
    given_name      TEXT NOT NULL,
    family_name     TEXT NOT NULL,
    -- given, family and e-mail in lower case, for the search box
    search_key      TEXT NOT NULL,
    -- family, given, e-mail in lower case: the order of the list
    sort_key        TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('member', 'admin', 'owner')),
    state           TEXT NOT NULL CHECK (state IN ('active', 'deactivated')),
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deactivated_at  INTEGER,
    last_sign_in_at INTEGER
) STRICT;
CREATE INDEX people_sort ON people (sort_key, id);
CREATE INDEX people_owners ON people (role, state) WHERE role <> 'member';

CREATE TABLE passphrases (
    person_id       TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    phc             TEXT NOT NULL,
    changed_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    code_hash       BLOB NOT NULL,
    created_at      INTEGER NOT NULL,
    used_at         INTEGER,
    PRIMARY KEY (person_id, code_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE connections (
    id              TEXT PRIMARY KEY,
    slug            TEXT NOT NULL UNIQUE,
    provider        TEXT NOT NULL,
    name            TEXT NOT NULL,
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    saml            TEXT NOT NULL CHECK (json_valid(saml)),
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    tested_at       INTEGER
) STRICT;

-- E-mail domains for which an owner has confirmed that a connection speaks.
CREATE TABLE connection_domains (
    domain          TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    confirmed_by    TEXT NOT NULL,
    confirmed_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX connection_domains_connection ON connection_domains (connection_id);

CREATE TABLE identities (
    id              TEXT PRIMARY KEY,
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    issuer          TEXT NOT NULL,
    subject         TEXT NOT NULL,
    linked_how      TEXT NOT NULL CHECK (linked_how IN ('domain', 'invited', 'proved', 'request')),
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER,
    UNIQUE (connection_id, issuer, subject)
) STRICT;
CREATE INDEX identities_person ON identities (person_id);

CREATE TABLE sign_ins (
    id              TEXT PRIMARY KEY,
    reference       TEXT NOT NULL UNIQUE,
    connection_id   TEXT REFERENCES connections (id) ON DELETE SET NULL,
    kind            TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    request_id      TEXT UNIQUE,
    -- hash of the cookie that ties the answer to the browser that asked
    browser_hash    BLOB,
    -- the session that the browser held when it asked; it ends when the sign-in is good
    session_hash    BLOB,
    return_to       TEXT NOT NULL,
    person_id       TEXT REFERENCES people (id) ON DELETE SET NULL,
    issuer          TEXT,
    subject         TEXT,
    email           TEXT,
    given_name      TEXT,
    family_name     TEXT,
    problem         TEXT,
    trace           TEXT NOT NULL CHECK (json_valid(trace)),
    address         TEXT NOT NULL,
    user_agent      TEXT NOT NULL,
    started_by      TEXT,
    started_at      INTEGER NOT NULL,
    finished_at     INTEGER
) STRICT;
CREATE INDEX sign_ins_started ON sign_ins (started_at);
CREATE INDEX sign_ins_connection ON sign_ins (connection_id, started_at);
-- What anybody can cause without signing in: swept sooner, and never more than a bounded number.
CREATE INDEX sign_ins_loose ON sign_ins (started_at) WHERE outcome IN ('waiting', 'restarted', 'refused');
CREATE INDEX sign_ins_person ON sign_ins (person_id, started_at);

CREATE TABLE sessions (
    token_hash      BLOB PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    connection_id   TEXT REFERENCES connections (id) ON DELETE CASCADE,
    method          TEXT NOT NULL,
    signed_in_at    INTEGER NOT NULL,
    last_seen_at    INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    address         TEXT NOT NULL,
    user_agent      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions (person_id);
CREATE INDEX sessions_connection ON sessions (connection_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Assertions that were accepted, until they could no longer be accepted anyway.
CREATE TABLE seen_assertions (
    issuer          TEXT NOT NULL,
    assertion_id    TEXT NOT NULL,
    expires_at      INTEGER NOT NULL,
    PRIMARY KEY (issuer, assertion_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_assertions_expires ON seen_assertions (expires_at);

CREATE TABLE access_requests (
    id              TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    issuer          TEXT NOT NULL,
    subject         TEXT NOT NULL,
    email           TEXT NOT NULL,
    given_name      TEXT NOT NULL,
    family_name     TEXT NOT NULL,
    reference       TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('waiting', 'added', 'dismissed')),
    created_at      INTEGER NOT NULL,
    decided_at      INTEGER,
    UNIQUE (connection_id, issuer, subject)
) STRICT;
CREATE INDEX access_requests_state ON access_requests (state, created_at);

-- Keys of our own: the SAML signing and decryption key, sealed with the key file.
CREATE TABLE own_keys (
    purpose         TEXT PRIMARY KEY,
    sealed          BLOB NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Wrong passphrases, by account and by address.
CREATE TABLE throttles (
    key             TEXT PRIMARY KEY,
    failures        INTEGER NOT NULL,
    in_a_row        INTEGER NOT NULL,
    window_began_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX throttles_began ON throttles (window_began_at);

CREATE TABLE events (
    sequence        INTEGER PRIMARY KEY,
    at              INTEGER NOT NULL,
    actor_kind      TEXT NOT NULL,
    actor_id        TEXT,
    actor_label     TEXT NOT NULL,
    action          TEXT NOT NULL,
    subject_kind    TEXT NOT NULL,
    subject_id      TEXT NOT NULL,
    subject_label   TEXT NOT NULL,
    before          TEXT NOT NULL CHECK (json_valid(before)),
    after           TEXT NOT NULL CHECK (json_valid(after)),
    reference       TEXT,
    previous_hash   TEXT NOT NULL,
    hash            TEXT NOT NULL
) STRICT;
CREATE INDEX events_subject ON events (subject_kind, subject_id, sequence);
CREATE INDEX events_action ON events (action, sequence);
CREATE INDEX events_actor ON events (actor_id, sequence);
