/** Every bundler of CanJS apps replaces this expression, since CanJS itself is written with it. */
declare const process: { readonly env: { readonly NODE_ENV?: string } };
