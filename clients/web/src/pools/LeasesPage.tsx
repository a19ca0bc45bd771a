/** All leases: who holds what, since when. */
import { PageHead } from "../design/blocks";
import { LeaseCard } from "./leaseTable";

/** The page of leases. */
export default function LeasesPage() {
  return (
    <div className="page">
      <PageHead title="Leases" />
      <p className="muted">
        A lease ties one attempt of a run to whoever executes it. Its holder renews it; one that falls silent
        loses it.
      </p>
      <LeaseCard title="Held now" empty="Nothing is held: no run is going on." />
    </div>
  );
}
