-- Provisioning: what identity providers push, kept apart from people, and how they prove themselves.

ALTER TABLE connections ADD COLUMN scim TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(scim));

-- One row for each user as one connection sees it: written by the identity provider (claimed), or a person of
-- ours shown to it. A removed one stays for 30 days, so that it can be restored. The two documents come last, so
-- that a look at the other columns does not read through them.
CREATE TABLE directory_users (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    person_id       TEXT REFERENCES people (id) ON DELETE SET NULL,
    claimed         INTEGER NOT NULL CHECK (claimed IN (0, 1)),
    created_here    INTEGER NOT NULL CHECK (created_here IN (0, 1)),
    user_name       TEXT NOT NULL,
    user_name_key   TEXT NOT NULL,
    -- what a group shows of this member
    display         TEXT NOT NULL,
    external_id     TEXT,
    active          INTEGER NOT NULL CHECK (active IN (0, 1)),
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deleted_at      INTEGER,
    document        TEXT NOT NULL CHECK (json_valid(document)),
    -- the document that filters ask, in SQLite's binary JSON
    search          BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX directory_users_name ON directory_users (connection_id, user_name_key) WHERE deleted_at IS NULL;
CREATE INDEX directory_users_removed_name ON directory_users (connection_id, user_name_key)
    WHERE deleted_at IS NOT NULL;
CREATE UNIQUE INDEX directory_users_person ON directory_users (connection_id, person_id)
    WHERE deleted_at IS NULL AND person_id IS NOT NULL;
CREATE INDEX directory_users_external ON directory_users (connection_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX directory_users_order ON directory_users (connection_id, seq) WHERE deleted_at IS NULL;
CREATE INDEX directory_users_updated ON directory_users (connection_id, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX directory_users_unclaimed ON directory_users (connection_id) WHERE claimed = 0;
CREATE INDEX directory_users_by_person ON directory_users (person_id, connection_id);
CREATE INDEX directory_users_deleted ON directory_users (deleted_at) WHERE deleted_at IS NOT NULL;

-- Every e-mail of a user, folded, for the look-ups that identity providers make.
CREATE TABLE directory_emails (
    connection_id   TEXT NOT NULL,
    value_key       TEXT NOT NULL,
    user_seq        INTEGER NOT NULL REFERENCES directory_users (seq) ON DELETE CASCADE,
    PRIMARY KEY (connection_id, value_key, user_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_emails_user ON directory_emails (user_seq);

CREATE TABLE directory_groups (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    external_id     TEXT,
    display_name    TEXT NOT NULL,
    display_key     TEXT NOT NULL,
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deleted_at      INTEGER,
    document        TEXT NOT NULL CHECK (json_valid(document)),
    search          BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX directory_groups_name ON directory_groups (connection_id, display_key) WHERE deleted_at IS NULL;
CREATE INDEX directory_groups_external ON directory_groups (connection_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX directory_groups_order ON directory_groups (connection_id, seq) WHERE deleted_at IS NULL;
CREATE INDEX directory_groups_updated ON directory_groups (connection_id, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX directory_groups_deleted ON directory_groups (deleted_at) WHERE deleted_at IS NOT NULL;

-- Who is in a group: a user, or another group. A membership that ended keeps its row for 30 days; `held` says
-- that its end has not reached the person yet.
CREATE TABLE directory_members (
    group_seq       INTEGER NOT NULL REFERENCES directory_groups (seq) ON DELETE CASCADE,
    user_seq        INTEGER REFERENCES directory_users (seq) ON DELETE CASCADE,
    child_seq       INTEGER REFERENCES directory_groups (seq) ON DELETE CASCADE,
    added_at        INTEGER NOT NULL,
    removed_at      INTEGER,
    held            INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),
    CHECK ((user_seq IS NULL) <> (child_seq IS NULL))
) STRICT;
CREATE UNIQUE INDEX directory_members_user ON directory_members (group_seq, user_seq) WHERE user_seq IS NOT NULL;
CREATE UNIQUE INDEX directory_members_child ON directory_members (group_seq, child_seq) WHERE child_seq IS NOT NULL;
-- a group's members in the order in which they came
CREATE INDEX directory_members_live ON directory_members (group_seq) WHERE removed_at IS NULL;
CREATE INDEX directory_members_of_user ON directory_members (user_seq) WHERE user_seq IS NOT NULL;
CREATE INDEX directory_members_of_child ON directory_members (child_seq) WHERE child_seq IS NOT NULL;
CREATE INDEX directory_members_removed ON directory_members (removed_at) WHERE removed_at IS NOT NULL;

-- How many rows lie in each run of 512 numbers, so that a total and the page at a given place cost the same
-- whether there are a hundred people or a hundred thousand. Counted are live users, live groups, live users that
-- the identity provider has written (claimed), and those of them whose person is active (tied).
CREATE TABLE directory_blocks (
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL CHECK (kind IN ('user', 'group', 'claimed', 'tied')),
    block           INTEGER NOT NULL,
    live            INTEGER NOT NULL,
    PRIMARY KEY (connection_id, kind, block)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER directory_users_added AFTER INSERT ON directory_users WHEN NEW.deleted_at IS NULL BEGIN
    INSERT INTO directory_blocks VALUES (NEW.connection_id, 'user', NEW.seq / 512, 1)
        ON CONFLICT DO UPDATE SET live = live + 1;
END;
CREATE TRIGGER directory_users_removed AFTER UPDATE OF deleted_at ON directory_users
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL BEGIN
    UPDATE directory_blocks SET live = live - 1
        WHERE connection_id = NEW.connection_id AND kind = 'user' AND block = NEW.seq / 512;
END;
CREATE TRIGGER directory_users_restored AFTER UPDATE OF deleted_at ON directory_users
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL BEGIN
    INSERT INTO directory_blocks VALUES (NEW.connection_id, 'user', NEW.seq / 512, 1)
        ON CONFLICT DO UPDATE SET live = live + 1;
END;
CREATE TRIGGER directory_users_gone AFTER DELETE ON directory_users WHEN OLD.deleted_at IS NULL BEGIN
    UPDATE directory_blocks SET live = live - 1
        WHERE connection_id = OLD.connection_id AND kind = 'user' AND block = OLD.seq / 512;
END;
CREATE TRIGGER directory_groups_added AFTER INSERT ON directory_groups WHEN NEW.deleted_at IS NULL BEGIN
    INSERT INTO directory_blocks VALUES (NEW.connection_id, 'group', NEW.seq / 512, 1)
        ON CONFLICT DO UPDATE SET live = live + 1;
END;
CREATE TRIGGER directory_groups_removed AFTER UPDATE OF deleted_at ON directory_groups
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL BEGIN
    UPDATE directory_blocks SET live = live - 1
        WHERE connection_id = NEW.connection_id AND kind = 'group' AND block = NEW.seq / 512;
END;
CREATE TRIGGER directory_groups_restored AFTER UPDATE OF deleted_at ON directory_groups
WHEN OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL BEGIN
    INSERT INTO directory_blocks VALUES (NEW.connection_id, 'group', NEW.seq / 512, 1)
        ON CONFLICT DO UPDATE SET live = live + 1;
END;
CREATE TRIGGER directory_groups_gone AFTER DELETE ON directory_groups WHEN OLD.deleted_at IS NULL BEGIN
    UPDATE directory_blocks SET live = live - 1
        WHERE connection_id = OLD.connection_id AND kind = 'group' AND block = OLD.seq / 512;
END;
CREATE TRIGGER directory_users_claimed AFTER INSERT ON directory_users
WHEN NEW.deleted_at IS NULL AND NEW.claimed = 1 BEGIN
    INSERT INTO directory_blocks VALUES (NEW.connection_id, 'claimed', NEW.seq / 512, 1)
        ON CONFLICT DO UPDATE SET live = live + 1;
    INSERT INTO directory_blocks
        SELECT NEW.connection_id, 'tied', NEW.seq / 512, 1 FROM people WHERE id = NEW.person_id AND state = 'active'
        ON CONFLICT DO UPDATE SET live = live + 1;
END;
CREATE TRIGGER directory_users_changed_from AFTER UPDATE OF deleted_at, claimed, person_id ON directory_users
WHEN OLD.deleted_at IS NULL AND OLD.claimed = 1
    AND (OLD.deleted_at IS NOT NEW.deleted_at OR OLD.claimed <> NEW.claimed OR OLD.person_id IS NOT NEW.person_id) BEGIN
    UPDATE directory_blocks SET live = live - 1
        WHERE connection_id = OLD.connection_id AND kind = 'claimed' AND block = OLD.seq / 512;
    UPDATE directory_blocks SET live = live - 1
        WHERE connection_id = OLD.connection_id AND kind = 'tied' AND block = OLD.seq / 512
          AND EXISTS (SELECT 1 FROM people WHERE id = OLD.person_id AND state = 'active');
END;
CREATE TRIGGER directory_users_changed_to AFTER UPDATE OF deleted_at, claimed, person_id ON directory_users
WHEN NEW.deleted_at IS NULL AND NEW.claimed = 1
    AND (OLD.deleted_at IS NOT NEW.deleted_at OR OLD.claimed <> NEW.claimed OR OLD.person_id IS NOT NEW.person_id) BEGIN
    INSERT INTO directory_blocks VALUES (NEW.connection_id, 'claimed', NEW.seq / 512, 1)
        ON CONFLICT DO UPDATE SET live = live + 1;
    INSERT INTO directory_blocks
        SELECT NEW.connection_id, 'tied', NEW.seq / 512, 1 FROM people WHERE id = NEW.person_id AND state = 'active'
        ON CONFLICT DO UPDATE SET live = live + 1;
END;
CREATE TRIGGER directory_users_claimed_gone AFTER DELETE ON directory_users
WHEN OLD.deleted_at IS NULL AND OLD.claimed = 1 BEGIN
    UPDATE directory_blocks SET live = live - 1
        WHERE connection_id = OLD.connection_id AND kind = 'claimed' AND block = OLD.seq / 512;
    UPDATE directory_blocks SET live = live - 1
        WHERE connection_id = OLD.connection_id AND kind = 'tied' AND block = OLD.seq / 512
          AND EXISTS (SELECT 1 FROM people WHERE id = OLD.person_id AND state = 'active');
END;
CREATE TRIGGER directory_people_changed AFTER UPDATE OF state ON people WHEN OLD.state <> NEW.state BEGIN
    INSERT INTO directory_blocks
        SELECT connection_id, 'tied', seq / 512, CASE NEW.state WHEN 'active' THEN 1 ELSE -1 END FROM directory_users
        WHERE person_id = NEW.id AND claimed = 1 AND deleted_at IS NULL
        ON CONFLICT DO UPDATE SET live = live + excluded.live;
END;
-- Before: behind it nobody can tell whether the person was active.
CREATE TRIGGER directory_people_gone BEFORE DELETE ON people WHEN OLD.state = 'active' BEGIN
    INSERT INTO directory_blocks
        SELECT connection_id, 'tied', seq / 512, -1 FROM directory_users
        WHERE person_id = OLD.id AND claimed = 1 AND deleted_at IS NULL
        ON CONFLICT DO UPDATE SET live = live - 1;
END;

-- How SCIM clients prove themselves: only hashes of what they hold.
CREATE TABLE scim_credentials (
    id              TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL CHECK (kind IN ('bearer', 'basic', 'access', 'refresh')),
    label           TEXT NOT NULL,
    secret_hash     BLOB NOT NULL UNIQUE,
    -- user name of Basic
    user_name       TEXT,
    -- the OAuth client and the chain of refresh tokens it belongs to
    client_id       TEXT REFERENCES oauth_clients (id) ON DELETE CASCADE,
    family          TEXT,
    -- the admin on whose word OAuth made it
    person_id       TEXT REFERENCES people (id) ON DELETE CASCADE,
    created_by      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER,
    -- a refresh token that was turned in: if it comes again, the whole family ends
    used_at         INTEGER,
    last_used_at    INTEGER,
    last_address    TEXT
) STRICT;
CREATE INDEX scim_credentials_connection ON scim_credentials (connection_id, kind);
CREATE INDEX scim_credentials_family ON scim_credentials (family) WHERE family IS NOT NULL;
CREATE INDEX scim_credentials_person ON scim_credentials (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX scim_credentials_client ON scim_credentials (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX scim_credentials_expires ON scim_credentials (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE oauth_clients (
    id              TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    -- NULL: a public client, which must use PKCE
    secret_hash     BLOB,
    -- JSON array of exact addresses
    redirect_uris   TEXT NOT NULL CHECK (json_valid(redirect_uris)),
    created_by      TEXT NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX oauth_clients_connection ON oauth_clients (connection_id);

CREATE TABLE oauth_codes (
    code_hash       BLOB PRIMARY KEY,
    client_id       TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    redirect_uri    TEXT NOT NULL,
    -- the request named it, so that the exchange must name it too
    redirect_said   INTEGER NOT NULL CHECK (redirect_said IN (0, 1)),
    -- S256 challenge
    challenge       TEXT,
    -- tokens made from it carry this, so that a code that comes twice ends them
    family          TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_codes_expires ON oauth_codes (expires_at);

-- Every request of a SCIM client.
CREATE TABLE scim_requests (
    id              TEXT PRIMARY KEY,
    reference       TEXT NOT NULL,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    credential_id   TEXT,
    credential_label TEXT NOT NULL,
    at              INTEGER NOT NULL,
    method          TEXT NOT NULL,
    path            TEXT NOT NULL,
    query           TEXT NOT NULL,
    -- the conditional headers and content type, JSON
    headers         TEXT NOT NULL CHECK (json_valid(headers)),
    address         TEXT NOT NULL,
    user_agent      TEXT NOT NULL,
    -- secrets and passwords are out; NULL: none, or too large to keep
    body            TEXT,
    body_cut        INTEGER NOT NULL DEFAULT 0 CHECK (body_cut IN (0, 1)),
    understood      TEXT NOT NULL CHECK (json_valid(understood)),
    status          INTEGER NOT NULL,
    answer          TEXT,
    -- what it did to which people, JSON array
    effects         TEXT NOT NULL CHECK (json_valid(effects)),
    -- why something was ignored or read otherwise, JSON array
    notes           TEXT NOT NULL CHECK (json_valid(notes)),
    took_us         INTEGER NOT NULL,
    replay_of       TEXT
) STRICT;
CREATE INDEX scim_requests_connection ON scim_requests (connection_id, at, id);
CREATE INDEX scim_requests_reference ON scim_requests (reference);

-- How far a connection's provisioning has come; stays when the requests themselves are swept.
CREATE TABLE scim_milestones (
    connection_id   TEXT PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    first_request   INTEGER NOT NULL,
    credentials_good INTEGER,
    first_user      INTEGER,
    first_group     INTEGER,
    -- the newest request with a good credential
    last_contact    INTEGER
) STRICT, WITHOUT ROWID;

-- What this connection took away from people lately (the guard counts it), what of it waits for an admin, and
-- what can still be restored.
CREATE TABLE removals (
    id              TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    user_seq        INTEGER REFERENCES directory_users (seq) ON DELETE SET NULL,
    -- the group, for a membership
    group_seq       INTEGER REFERENCES directory_groups (seq) ON DELETE CASCADE,
    what            TEXT NOT NULL CHECK (what IN ('deactivate', 'delete', 'leave')),
    state           TEXT NOT NULL CHECK (state IN ('applied', 'held', 'discarded', 'withdrawn', 'restored')),
    reference       TEXT NOT NULL,
    at              INTEGER NOT NULL,
    decided_at      INTEGER,
    decided_by      TEXT,
    -- what the guard counts: only the newest row of each person in its window; 2 where the account was taken in it
    counts          INTEGER NOT NULL DEFAULT 0 CHECK (counts IN (0, 1, 2))
) STRICT;
CREATE INDEX removals_counted ON removals (connection_id, at, counts) WHERE counts > 0;
CREATE INDEX removals_held ON removals (connection_id, at, id) WHERE state = 'held';
CREATE INDEX removals_applied ON removals (connection_id, at, id) WHERE state = 'applied' AND what <> 'leave';
CREATE INDEX removals_person ON removals (person_id, at);
CREATE INDEX removals_at ON removals (at);
CREATE INDEX removals_user ON removals (user_seq) WHERE user_seq IS NOT NULL;
CREATE INDEX removals_group ON removals (group_seq) WHERE group_seq IS NOT NULL;

-- A sign-in may also be linked because the connection provisions the person. A CHECK cannot be changed in place.
CREATE TABLE identities_next (
    id              TEXT PRIMARY KEY,
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    issuer          TEXT NOT NULL,
    subject         TEXT NOT NULL,
    linked_how      TEXT NOT NULL
        CHECK (linked_how IN ('domain', 'invited', 'proved', 'request', 'provisioned')),
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER,
    UNIQUE (connection_id, issuer, subject)
) STRICT;
INSERT INTO identities_next
    SELECT id, person_id, connection_id, issuer, subject, linked_how, created_at, last_used_at FROM identities;
DROP TABLE identities;
ALTER TABLE identities_next RENAME TO identities;
CREATE INDEX identities_person ON identities (person_id);
