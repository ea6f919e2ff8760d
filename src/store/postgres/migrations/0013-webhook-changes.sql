-- The table also has what was done to webhooks: `name` is the id of the webhook, `role` is empty, and `url` is where the
-- webhook leads after the change. A change of a key has no `url`.
ALTER TABLE key_changes ADD COLUMN url TEXT;
