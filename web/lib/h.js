// Makes elements. Every string becomes a text node, so nothing that a member sends can become markup.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element with attributes and children.
 *
 *     h('button', { class: 'quiet', onclick: run, 'aria-label': 'Run' }, '▶')
 *
 * Attributes: `on…` with a function is a listener; `class` may be a list with holes; `dataset` and
 * `css` are objects (`css` sets properties one by one, which the page's CSP allows, unlike a `style`
 * attribute); `true` sets an empty attribute; `false`, `null` and `undefined` leave it out;
 * `value`, `checked`, `selected`, `disabled` and `indeterminate` are properties; `ref` is called with
 * the element.
 * Children: strings, numbers, nodes, lists of them; `null`, `undefined` and `false` are left out.
 */
export function h(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** An element of SVG; as `h`. */
export function svg(name, attributes, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** Several nodes without an element around them. */
export function fragment(...children) {
  return append(document.createDocumentFragment(), children);
}

/** Puts children in the place of all that the element has. */
export function replace(element, ...children) {
  element.textContent = '';
  return append(element, children);
}

const PROPERTIES = new Set(['value', 'checked', 'selected', 'disabled', 'indeterminate']);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || (value === false && !PROPERTIES.has(name))) continue;
    if (name === 'ref') continue;
    if (name === 'style') throw new Error('h(): the CSP forbids style attributes; use css: {…}');
    if (name.startsWith('on') && typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else if (name === 'class') {
      const classes = [value].flat(3).filter(Boolean).join(' ');
      if (classes) element.setAttribute('class', classes);
    } else if (name === 'dataset') {
      Object.assign(element.dataset, value);
    } else if (name === 'css') {
      for (const [property, text] of Object.entries(value)) {
        if (text !== null && text !== undefined) element.style.setProperty(property, String(text));
      }
    } else if (PROPERTIES.has(name)) {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  append(element, children);
  // A <select> can take its value only when its options are there.
  if (attributes && 'value' in attributes && element.localName === 'select') element.value = attributes.value;
  attributes?.ref?.(element);
  return element;
}

function append(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false || child === true) continue;
    if (Array.isArray(child)) append(parent, child);
    else if (child instanceof Node) parent.appendChild(child);
    else parent.appendChild(document.createTextNode(String(child)));
  }
  return parent;
}
