export const edit: number = 0;
