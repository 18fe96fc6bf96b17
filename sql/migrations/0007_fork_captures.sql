-- Which captures a fork has from its ancestors. Not inherited_epochs: that stays when a parent is deleted and the
-- grandparent, whose own part ends earlier, takes its place.
ALTER TABLE runs ADD COLUMN captures_before integer; -- captures of the parent before this epoch are the fork's history
UPDATE runs SET captures_before = inherited_epochs WHERE inherited_epochs IS NOT NULL;
