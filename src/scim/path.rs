//! Attribute paths: `name.familyName`, `urn:…:User:manager.displayName`, `emails[type eq "work"].value`.
