import type { DoctorCommands, Reads } from '../../service/index.ts';
import { Announcement, announcementOf } from '../resources/announcement.ts';
import { shown, type Routes } from '../route.ts';
import { closed, orNull, Reason } from '../schema.ts';

interface AnnouncementRoutes {
  readonly doctors: DoctorCommands;
  readonly reads: Reads;
}

const AnnouncementBody = closed(
  {
    text: orNull({
      ...Reason,
      description:
        'A line that everybody may read: 1 to 200 characters, of which at least one is visible. `null` ends the announcement.',
    }),
  },
  {
    title: 'AnnouncementRequest',
    examples: [{ text: 'The laboratory is closed today from 12:00.' }],
  },
);

/** Adds the routes of the line that all screens show. */
export function addAnnouncementRoutes(
  routes: Routes,
  { doctors, reads }: AnnouncementRoutes,
): void {
  routes.read({
    name: 'readAnnouncement',
    url: '/announcement',
    tag: 'Schedule',
    summary: 'Read what the screens of the hospital announce',
    description: 'One line for everybody in the waiting rooms, without a name.',
    success: Announcement,
    codes: [],
    run: async (_sent, asked) => shown(await reads.announcement(asked), announcementOf),
  });

  routes.command({
    command: 'announce',
    method: 'PUT',
    url: '/announcement',
    tag: 'Schedule',
    summary: 'Announce something on the screens of the hospital',
    description:
      'Replaces the line that all boards show; `null` ends it. The record of all changes tells who set it. Everybody in the waiting rooms reads it, so it names no patient.',
    body: AnnouncementBody,
    success: Announcement,
    run: ({ body: { text } }, context) =>
      doctors.announce({ text: text?.trim() ?? null }, context, announcementOf),
  });
}
