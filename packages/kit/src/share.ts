/** `99.97 %`: rounded down, so that only what is whole is told as `100 %`. */
export function formatShare(share: number): string {
  if (share >= 1) return "100 %";
  // Half a millionth makes good what binary fractions lose: 0.9997 × 10,000 is 9,996.999….
  return `${(Math.floor(share * 10_000 + 5e-7) / 100).toFixed(2)} %`;
}
