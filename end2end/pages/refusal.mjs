// A page that says why there is no other: none at this address, none for this visitor, none without a line.
export class Refusal {
  constructor(page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.again = page.getByRole("link", { name: /^(Reintentar|Try again)$/ });
  }

  /** Goes to an address that has none; the answer's status. */
  async open(path) {
    return (await this.page.goto(path)).status();
  }
}
