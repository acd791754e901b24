export const words = "loaded";
