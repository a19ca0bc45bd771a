/** All flows that the control plane has seen. */
import { useQuery } from "@tanstack/react-query";
import { flows } from "../api/clients";
import { allPages } from "../api/requests";
import { Ago } from "../app/clock";
import { Link, useQueryString } from "../app/router";
import { Card, Empty, Failed, PageHead, Skeleton } from "../design/blocks";
import { ListSearch } from "../design/ListSearch";
import { Table } from "../design/Table";

/** The page of flows. */
export default function FlowsPage() {
  const [query, change] = useQueryString();
  const text = query.get("q") ?? "";
  const found = useQuery({ queryKey: ["flows"], queryFn: loadFlows, refetchInterval: 10_000 });
  const shown = (found.data ?? []).filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  return (
    <div className="page">
      <PageHead
        title="Flows"
        actions={<ListSearch label="Find a flow" value={text} onChange={(q) => change({ q })} />}
      />
      {found.isPending && <Skeleton lines={6} />}
      {found.isError && (
        <Failed error={found.error} what="list of flows" again={() => void found.refetch()} />
      )}
      {found.data && shown.length === 0 && (
        <Empty icon="flow" title={text ? "No flow has such a name." : "No flow is known yet."}>
          {!text && <p>A flow comes into being with its first deployment or run.</p>}
        </Empty>
      )}
      {shown.length > 0 && (
        <Card title={`${shown.length} ${shown.length === 1 ? "flow" : "flows"}`}>
          <Table columns={["Flow", "First seen"]} actions="Runs">
            {shown.map((flow) => (
              <tr key={flow.flowId}>
                <td>
                  <Link className="name-link" to={`/flows/${encodeURIComponent(flow.name)}`}>
                    {flow.name}
                  </Link>
                </td>
                <td>
                  <Ago time={flow.createTime} />
                </td>
                <td className="end">
                  <Link to={`/runs?flow=${encodeURIComponent(flow.name)}`}>Its runs</Link>
                </td>
              </tr>
            ))}
          </Table>
        </Card>
      )}
    </div>
  );
}

async function loadFlows() {
  return allPages(async (pageToken) => {
    const page = await flows.listFlows({ pageSize: 1000, pageToken });
    return { items: page.flows, nextPageToken: page.nextPageToken };
  });
}
