-- What the gateway reads: deployments, services and handlers as the documents
-- that the Admin API answers with.

CREATE FUNCTION restate.timestamp_text(at timestamptz) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
COMMENT ON FUNCTION restate.timestamp_text(timestamptz) IS
'A timestamp in RFC 3339, in UTC.';

CREATE FUNCTION restate.service_document(
    service_name text, revision bigint, deployment_id restate_deployment_id, ty text, public boolean, handlers jsonb,
    idempotency_retention interval, journal_retention interval, workflow_completion_retention interval, settings jsonb)
  RETURNS jsonb
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN
    -- what the API requires has its documented default where neither a column
    -- nor the settings say otherwise
    jsonb_build_object(
      'idempotency_retention', restate.duration_text(restate.default_retention()),
      'journal_retention', restate.duration_text(restate.default_retention()))
    || restate.default_settings()
    || CASE ty WHEN 'workflow' THEN jsonb_build_object(
      'workflow_completion_retention', restate.duration_text(restate.default_retention())) ELSE '{}' END
    || settings
    || jsonb_strip_nulls(jsonb_build_object(
      'name', service_name,
      'ty', CASE ty WHEN 'service' THEN 'Service' WHEN 'virtual_object' THEN 'VirtualObject' ELSE 'Workflow' END,
      'deployment_id', deployment_id,
      'revision', revision,
      'public', public,
      'idempotency_retention', restate.duration_text(idempotency_retention),
      'workflow_completion_retention', restate.duration_text(workflow_completion_retention),
      'journal_retention', restate.duration_text(journal_retention)))
    || jsonb_build_object('handlers', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
          'public', public, 'input_description', 'any', 'output_description', 'any') || h.handler
        ORDER BY h.place), '[]')
      FROM jsonb_array_elements(handlers) WITH ORDINALITY AS h(handler, place)
      WHERE jsonb_typeof(h.handler) = 'object'));
COMMENT ON FUNCTION restate.service_document(text, bigint, restate_deployment_id, text, boolean, jsonb, interval, interval, interval, jsonb) IS
'A revision of a service as the document of GET /services/{name}: columns first, then settings, then the documented defaults of fields that the API requires. The arguments are its columns: a row of a shard is of another type than one of the table.';

CREATE VIEW restate.admin_service WITH (security_barrier) AS
SELECT s.name, restate.service_document(r.service_name, r.revision, r.deployment_id, r.ty, r.public, r.handlers,
  r.idempotency_retention, r.journal_retention, r.workflow_completion_retention, r.settings) AS document
FROM restate.sys_service s
JOIN restate.service_revision r ON r.service_name = s.name AND r.revision = s.revision;
REVOKE ALL ON restate.admin_service FROM PUBLIC;
COMMENT ON VIEW restate.admin_service IS
'Each service at its latest revision, as the document of GET /services/{name}.';

CREATE VIEW restate.admin_services AS
SELECT jsonb_build_object('services', coalesce(jsonb_agg(s.document ORDER BY s.name), '[]')) AS document
FROM restate.admin_service s;
REVOKE ALL ON restate.admin_services FROM PUBLIC;
COMMENT ON VIEW restate.admin_services IS
'The document of GET /services.';

CREATE VIEW restate.admin_service_handlers AS
SELECT s.name, jsonb_build_object('handlers', s.document -> 'handlers') AS document
FROM restate.admin_service s;
REVOKE ALL ON restate.admin_service_handlers FROM PUBLIC;
COMMENT ON VIEW restate.admin_service_handlers IS
'The handlers of each service at its latest revision, as the document of GET /services/{name}/handlers.';

CREATE VIEW restate.admin_handler AS
SELECT s.name AS service_name, h.handler ->> 'name' AS name, h.handler AS document
FROM restate.admin_service s
CROSS JOIN LATERAL jsonb_array_elements(s.document -> 'handlers') AS h(handler);
REVOKE ALL ON restate.admin_handler FROM PUBLIC;
COMMENT ON VIEW restate.admin_handler IS
'Each handler of each service at its latest revision, as the document of GET /services/{name}/handlers/{handler}.';

CREATE VIEW restate.admin_deployment AS
SELECT d.id, d.created_at,
  jsonb_strip_nulls(jsonb_build_object(
    'id', d.id,
    'uri', CASE WHEN d.ty <> 'lambda' THEN d.endpoint END,
    'arn', CASE d.ty WHEN 'lambda' THEN d.endpoint END,
    -- of a worker too, which speaks none of it: clients of the API ask for them
    'protocol_type', CASE WHEN d.ty <> 'lambda' THEN coalesce(d.protocol_type, 'BidiStream') END,
    'http_version', CASE WHEN d.ty <> 'lambda' THEN coalesce(d.http_version, 'HTTP/2.0') END,
    'additional_headers', nullif(d.additional_headers, '{}'),
    'metadata', nullif(d.metadata, '{}'),
    'created_at', restate.timestamp_text(d.created_at),
    'min_protocol_version', d.min_service_protocol_version,
    'max_protocol_version', d.max_service_protocol_version,
    'sdk_version', d.sdk_version))
  || jsonb_build_object('services', (
    SELECT coalesce(jsonb_agg(restate.service_document(s.service_name, s.revision, s.deployment_id, s.ty, s.public, s.handlers,
      s.idempotency_retention, s.journal_retention, s.workflow_completion_retention, s.settings) ORDER BY s.service_name, s.revision), '[]')
    FROM restate.service_revision s
    WHERE s.deployment_id = d.id)) AS document
FROM restate.deployment d;
REVOKE ALL ON restate.admin_deployment FROM PUBLIC;
COMMENT ON VIEW restate.admin_deployment IS
'Each deployment, as the document of GET /deployments/{id}.';

CREATE VIEW restate.admin_deployments AS
SELECT jsonb_build_object('deployments', coalesce(jsonb_agg(d.document || jsonb_build_object('services', (
    SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.service -> 'name', 'revision', s.service -> 'revision')
      ORDER BY s.place), '[]')
    FROM jsonb_array_elements(d.document -> 'services') WITH ORDINALITY AS s(service, place)))
  ORDER BY d.created_at DESC, d.id), '[]')) AS document
FROM restate.admin_deployment d;
REVOKE ALL ON restate.admin_deployments FROM PUBLIC;
COMMENT ON VIEW restate.admin_deployments IS
'The document of GET /deployments, the newest first.';

COMMENT ON COLUMN restate.admin_service.name IS 'The name of the service.';
COMMENT ON COLUMN restate.admin_service.document IS 'The service as GET /services/{name} shows it.';
COMMENT ON COLUMN restate.admin_services.document IS 'The services as GET /services shows them.';
COMMENT ON COLUMN restate.admin_service_handlers.name IS 'The name of the service.';
COMMENT ON COLUMN restate.admin_service_handlers.document IS 'The handlers as GET /services/{name}/handlers shows them.';
COMMENT ON COLUMN restate.admin_handler.service_name IS 'The name of the service.';
COMMENT ON COLUMN restate.admin_handler.name IS 'The name of the handler.';
COMMENT ON COLUMN restate.admin_handler.document IS 'The handler as GET /services/{name}/handlers/{handler} shows it.';
COMMENT ON COLUMN restate.admin_deployment.id IS 'The id of the deployment.';
COMMENT ON COLUMN restate.admin_deployment.created_at IS 'When it was registered.';
COMMENT ON COLUMN restate.admin_deployment.document IS 'The deployment as GET /deployments/{id} shows it.';
COMMENT ON COLUMN restate.admin_deployments.document IS 'The deployments as GET /deployments shows them.';
