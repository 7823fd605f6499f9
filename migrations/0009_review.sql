-- Hold and review: what an identity provider wrote while its connection was held, and what admins made of it.

-- One row for each user of the mirror that says something else than what last reached people. What it says now stands
-- in directory_users; what it said when it began to differ, here.
CREATE TABLE waiting_users (
    user_seq        INTEGER PRIMARY KEY REFERENCES directory_users (seq) ON DELETE CASCADE,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    -- the row as it last reached people, JSON of `model::review::Before`; NULL: it was not there
    was             TEXT CHECK (was IS NULL OR json_valid(was)),
    was_active      INTEGER NOT NULL CHECK (was_active IN (0, 1)),
    -- the user itself was written, not its memberships alone
    written         INTEGER NOT NULL CHECK (written IN (0, 1)),
    -- the folded address of the person who would be made of it
    email_key       TEXT,
    -- whom this connection had removed before the user came again
    again_id        TEXT REFERENCES people (id) ON DELETE SET NULL,
    -- whom an admin chose for it: somebody who is here, or somebody new
    chosen_id       TEXT REFERENCES people (id) ON DELETE SET NULL,
    chosen_new      INTEGER NOT NULL DEFAULT 0 CHECK (chosen_new IN (0, 1)),
    -- the same person came again as this user, which is applied in place of the removal
    superseded_by   INTEGER REFERENCES directory_users (seq) ON DELETE SET NULL,
    -- an admin left it out: it waits unseen until the identity provider writes it again
    left_out        INTEGER NOT NULL DEFAULT 0 CHECK (left_out IN (0, 1)),
    -- why it could not be applied when an admin tried
    refusal         TEXT,
    -- of the newest request that wrote it
    reference       TEXT NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE INDEX waiting_users_connection ON waiting_users (connection_id, user_seq);
CREATE INDEX waiting_users_again ON waiting_users (again_id) WHERE again_id IS NOT NULL;
CREATE INDEX waiting_users_chosen ON waiting_users (chosen_id) WHERE chosen_id IS NOT NULL;
CREATE INDEX waiting_users_superseded ON waiting_users (superseded_by) WHERE superseded_by IS NOT NULL;

-- Memberships that are other than what last reached the person: whether it counted then.
CREATE TABLE waiting_members (
    group_seq       INTEGER NOT NULL REFERENCES directory_groups (seq) ON DELETE CASCADE,
    user_seq        INTEGER NOT NULL REFERENCES directory_users (seq) ON DELETE CASCADE,
    was             INTEGER NOT NULL CHECK (was IN (0, 1)),
    PRIMARY KEY (group_seq, user_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_members_user ON waiting_members (user_seq);

-- What admins applied.
CREATE TABLE reviews (
    id              TEXT PRIMARY KEY,
    connection_id   TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    at              INTEGER NOT NULL,
    by              TEXT NOT NULL,
    applied         INTEGER NOT NULL,
    refused         INTEGER NOT NULL,
    -- lines by their kind, JSON
    counts          TEXT NOT NULL CHECK (json_valid(counts)),
    -- its lines still know what takes them back
    kept            INTEGER NOT NULL DEFAULT 1 CHECK (kept IN (0, 1)),
    undone_at       INTEGER,
    undone_by       TEXT
) STRICT;
CREATE INDEX reviews_connection ON reviews (connection_id, at);
CREATE INDEX reviews_kept ON reviews (at) WHERE kept = 1;

CREATE TABLE review_lines (
    review_id       TEXT NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    place           INTEGER NOT NULL,
    -- the mirror's row; it may be gone by now
    user_seq        INTEGER NOT NULL,
    person_id       TEXT REFERENCES people (id) ON DELETE SET NULL,
    user_name       TEXT NOT NULL,
    kind            TEXT NOT NULL,
    -- what it did, as in scim_requests
    effects         TEXT NOT NULL CHECK (json_valid(effects)),
    notes           TEXT NOT NULL CHECK (json_valid(notes)),
    reference       TEXT NOT NULL,
    -- what takes it back, JSON of `flows::reconcile::undo::Kept`; NULL once it cannot be taken back any more
    kept            TEXT CHECK (kept IS NULL OR json_valid(kept)),
    -- what taking it back left alone, and why, JSON array
    left_alone      TEXT CHECK (left_alone IS NULL OR json_valid(left_alone)),
    PRIMARY KEY (review_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX review_lines_person ON review_lines (person_id) WHERE person_id IS NOT NULL;

-- When the request asked for it, where what it asked for waited for an admin; NULL: `at`.
ALTER TABLE removals ADD COLUMN asked_at INTEGER;
