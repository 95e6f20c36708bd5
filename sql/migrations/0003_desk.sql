-- Marks of a form, for the signals of petition/signals; all are deleted with the key of their day, as `network` is, and a
-- decoy has none. domain: an opaque tag of the domain of the address, only if nobody knows it, and never of who lives in an unsafe
-- country or does not say where. quick: 1 if the button was pressed within twenty seconds of its email, else 0. mailbox_class:
-- `known`, `relay`, `throw-away` or `unknown`. The tag of a network that very many people share begins with `*`.
alter table submissions add column domain text

alter table submissions add column quick bigint

alter table submissions add column mailbox_class text
