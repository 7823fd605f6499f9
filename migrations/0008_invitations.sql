-- Invitations: whom somebody asked to come, the link that says so, and what became of it. One row for each person: an
-- invitation that is sent again has another link, and the one before it is void.
CREATE TABLE invitations (
    person_id       TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    how             TEXT NOT NULL CHECK (how IN ('hand', 'csv', 'provisioning')),
    -- name of whoever made it: a person, or an integration
    made_by         TEXT NOT NULL,
    made_at         INTEGER NOT NULL,
    -- of the link; NULL before there is one
    token_hash      BLOB UNIQUE,
    -- 1: an admin saw the link and hands it over; else it went out by mail
    handed_over     INTEGER NOT NULL DEFAULT 0 CHECK (handed_over IN (0, 1)),
    mail_id         TEXT,
    sent_at         INTEGER,
    expires_at      INTEGER,
    -- when somebody first went on from its page
    opened_at       INTEGER,
    accepted_at     INTEGER,
    ended_at        INTEGER,
    ended_why       TEXT CHECK (ended_why IN ('revoked', 'deactivated', 'address', 'role')),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL)),
    CHECK ((sent_at IS NULL) = (token_hash IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_made ON invitations (made_at, person_id);
-- Those whose link is still to be made, in their order.
CREATE INDEX invitations_waiting ON invitations (made_at, person_id)
    WHERE sent_at IS NULL AND accepted_at IS NULL AND ended_at IS NULL;

-- A further purpose of links: the first passphrase of somebody who was invited.
CREATE TABLE one_time_links_new (
    token_hash      BLOB PRIMARY KEY,
    purpose         TEXT NOT NULL CHECK (purpose IN ('reset', 'recover', 'invite')),
    person_id       TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    made_by         TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO one_time_links_new SELECT token_hash, purpose, person_id, made_by, created_at, expires_at, used_at
    FROM one_time_links;
DROP TABLE one_time_links;
ALTER TABLE one_time_links_new RENAME TO one_time_links;
CREATE INDEX one_time_links_person ON one_time_links (person_id);
CREATE INDEX one_time_links_expires ON one_time_links (expires_at);
