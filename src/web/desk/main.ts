import { showPage } from '../lib/page.ts';
import { Desk } from './desk.ts';

showPage({ title: 'desk.title', reads: '/queue', view: Desk });
