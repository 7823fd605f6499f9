-- Roles: an ordered list that an owner edits, in place of three that were built in. Teams, and access groups: the
-- organization's own, each with a role.

CREATE TABLE roles (
    -- what identity providers send
    key             TEXT PRIMARY KEY,
    -- lower case: two roles differ in more than their case
    lower_key       TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    hint            TEXT NOT NULL,
    permissions     TEXT NOT NULL CHECK (json_valid(permissions)),
    -- whether "own" is among them
    owns            INTEGER NOT NULL CHECK (owns IN (0, 1)),
    -- the lowest comes first
    position        INTEGER NOT NULL,
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO roles (key, lower_key, name, hint, permissions, owns, position, created_at, updated_at) VALUES
    ('member', 'member', 'Member', 'Signs in. Sees no settings.',
        '["use_apps","portal","see_directory"]', 0, 1, unixepoch() * 1000, unixepoch() * 1000),
    ('manager', 'manager', 'Manager', 'Adds and changes members, and decides about access.',
        '["use_apps","portal","see_directory","manage_people","manage_access"]',
        0, 2, unixepoch() * 1000, unixepoch() * 1000),
    ('admin', 'admin', 'Admin', 'Manages people, access and integrations, and sees activity.',
        '["use_apps","portal","see_directory","manage_people","manage_access","manage_integrations","see_activity"]',
        0, 3, unixepoch() * 1000, unixepoch() * 1000),
    ('owner', 'owner', 'Owner', 'Everything, including who is an admin or an owner.',
        '["use_apps","portal","see_directory","manage_people","manage_access","manage_integrations","see_activity","own"]',
        1, 4, unixepoch() * 1000, unixepoch() * 1000);

CREATE TABLE teams (
    id              TEXT PRIMARY KEY,
    -- matched exactly by what an identity provider sends
    name            TEXT NOT NULL UNIQUE,
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE access_groups (
    id              TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    lower_name      TEXT NOT NULL UNIQUE,
    role            TEXT NOT NULL REFERENCES roles (key),
    -- what its people see: JSON of `model::Visibility`
    visibility      TEXT NOT NULL CHECK (json_valid(visibility)),
    -- of several that match the one with the lowest number counts
    priority        INTEGER NOT NULL,
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX access_groups_role ON access_groups (role);

-- A CHECK cannot be changed in place. Foreign keys are off while this runs, and checked when it is done.
CREATE TABLE people_next (
    id              TEXT PRIMARY KEY,
    email           TEXT NOT NULL,
    email_key       TEXT NOT NULL UNIQUE,
    given_name      TEXT NOT NULL,
    family_name     TEXT NOT NULL,
    -- given, family and e-mail in lower case, for the search box
    search_key      TEXT NOT NULL,
    -- family, given, e-mail in lower case: the order of the list
    sort_key        TEXT NOT NULL,
    -- what counts: the access group's, else their own
    role            TEXT NOT NULL REFERENCES roles (key),
    own_role        TEXT NOT NULL REFERENCES roles (key),
    role_since      INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('active', 'deactivated')),
    version         INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deactivated_at  INTEGER,
    last_sign_in_at INTEGER,
    team_id         TEXT REFERENCES teams (id) ON DELETE SET NULL,
    access_group_id TEXT REFERENCES access_groups (id),
    -- set for this person by hand, in place of the access group's
    visibility      TEXT CHECK (visibility IS NULL OR json_valid(visibility)),
    -- where role, team and access group come from: JSON of `flows::assign::Reason` by their names
    why             TEXT NOT NULL DEFAULT '{}'
) STRICT;
INSERT INTO people_next (id, email, email_key, given_name, family_name, search_key, sort_key, role, own_role, role_since,
                         state, version, created_at, updated_at, deactivated_at, last_sign_in_at)
    SELECT id, email, email_key, given_name, family_name, search_key, sort_key, role, role, role_since, state, version,
           created_at, updated_at, deactivated_at, last_sign_in_at
    FROM people;
DROP TABLE people;
ALTER TABLE people_next RENAME TO people;
CREATE INDEX people_sort ON people (sort_key, id);
CREATE INDEX people_roles ON people (role, state);
CREATE INDEX people_team ON people (team_id) WHERE team_id IS NOT NULL;
CREATE INDEX people_access_group ON people (access_group_id) WHERE access_group_id IS NOT NULL;

-- They went with the table.
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
