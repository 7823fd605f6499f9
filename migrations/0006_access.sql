-- Which groups of identity providers feed which access group, and the apps on the members' home.

-- A group that sign-ins name: a value of a SAML attribute or of an OpenID Connect claim.
CREATE TABLE claimed_groups (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    value           TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    -- NULL: an admin named it, and no sign-in has yet
    seen_at         INTEGER,
    UNIQUE (connection_id, value)
) STRICT;

-- Whom the newest sign-in through that connection put into it.
CREATE TABLE claimed_members (
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    group_seq       INTEGER NOT NULL REFERENCES claimed_groups (seq) ON DELETE CASCADE,
    seen_at         INTEGER NOT NULL,
    PRIMARY KEY (person_id, group_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX claimed_members_group ON claimed_members (group_seq);

-- Each group of an identity provider feeds at most one access group, and is known by its row: another name there
-- changes nothing here, and another group of the same name is another group.
CREATE TABLE access_group_sources (
    id              TEXT PRIMARY KEY,
    access_group_id TEXT NOT NULL REFERENCES access_groups (id) ON DELETE CASCADE,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    pushed_seq      INTEGER UNIQUE REFERENCES directory_groups (seq) ON DELETE CASCADE,
    claimed_seq     INTEGER UNIQUE REFERENCES claimed_groups (seq) ON DELETE CASCADE,
    -- an owner allowed, by name, that it makes owners
    may_own         INTEGER NOT NULL DEFAULT 0 CHECK (may_own IN (0, 1)),
    created_by      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    CHECK ((pushed_seq IS NULL) <> (claimed_seq IS NULL))
) STRICT;
CREATE INDEX access_group_sources_group ON access_group_sources (access_group_id);
CREATE INDEX access_group_sources_connection ON access_group_sources (connection_id);

CREATE TABLE apps (
    id              TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    lower_name      TEXT NOT NULL UNIQUE,
    address         TEXT NOT NULL,
    picture_type    TEXT,
    picture         BLOB,
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK ((picture IS NULL) = (picture_type IS NULL))
) STRICT;
