/** Of the program; the wire has its own. */
export const VERSION = "0.1.0";
