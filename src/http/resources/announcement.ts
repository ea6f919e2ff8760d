import { Type, type Static } from '@sinclair/typebox';
import { orNull, Text } from '../schema.ts';

export const Announcement = Type.Object(
  { text: orNull(Text) },
  {
    title: 'Announcement',
    description: 'What the screens of the hospital announce; its text is null for nothing.',
  },
);
export type AnnouncementView = Static<typeof Announcement>;

export const announcementOf = (text: string | null): AnnouncementView => ({ text });
