import { showPage } from '../lib/page.ts';
import { RoomPage } from './room-page.ts';

showPage({ title: 'room.title', reads: '/queue', view: RoomPage });
