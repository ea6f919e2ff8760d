import { takeLinkedKey } from '../lib/access-key.ts';
import { showPage } from '../lib/page.ts';
import { Board } from './board.ts';

takeLinkedKey();
showPage({ title: 'board.title', reads: '/queue', view: Board });
