declare const brand: unique symbol;

/** A value of type `T` that only its own parser makes, so that two ids of different things cannot be swapped. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
