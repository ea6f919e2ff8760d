import htm from 'htm';
import { h, type VNode } from 'preact';

/** Makes elements of a template: `` html`<p>${text}</p>` ``. A value is always text, never markup. */
export const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => VNode;
